// A description as one TypeScript file.
import type { DescribedRelation, DescribedType, Description } from '../describe/description.ts';
import { keyOfPath, renderComment, TypeNames, toLiteral, toProperty } from './names.ts';
import { isTableLike, renderKyselyRows, renderRows, rowSuffixes, withNull } from './relations.ts';
import { renderFunctions } from './routines.ts';
import { ClientTypes, clientDeclarations } from './values.ts';

/** The first words of every type file: a file without them is not replaced. */
export const typeFileMark = '// Written by pgmage db:types';

/** The options of a type file. */
export interface TypeFileOptions {
  /** The source, as people know it. */
  readonly source: string;
  /** For Kysely: `Database`, with types that are imported from it. */
  readonly kysely: boolean;
}

/**
 * The TypeScript types of a description. Partitions are left out: their rows are those of their table.
 */
export function renderTypeFile(description: Description, { source, kysely }: TypeFileOptions): string {
  const names = new TypeNames();
  const relations = description.relations
    .filter(({ partitionOf }) => partitionOf === null)
    .map((relation) => ({ relation, name: names.take(relation.path, rowSuffixes) }));
  const own = description.types
    .filter(({ sort }) => sort !== 'range')
    .map((type) => ({ type, name: names.take(type.path) }));
  const types = new ClientTypes(description.values, new Map(own.map(({ type, name }) => [type.oid, name])));
  const rows = kysely ? renderKyselyRows : renderRows;
  const blocks = [
    ...own.map(({ type, name }) => renderType(type, name, types)),
    ...relations.map(({ relation, name }) => rows(relation, name, types)),
    ...(kysely ? [renderDatabase(relations)] : []),
    renderFunctions(description.routines, types),
  ].filter((lines) => lines.length > 0);
  const body = blocks.map((lines) => lines.join('\n')).join('\n\n');
  return `${[...head(source, kysely, body), ...declarationsFor(body), body || 'export {};'].join('\n\n')}\n`;
}

function head(source: string, kysely: boolean, body: string): string[] {
  const from = toLiteral(source).slice(1, -1);
  const imported = ['ColumnType', 'Generated', 'GeneratedAlways', 'Insertable', 'Selectable', 'Updateable'];
  const used = imported.filter((name) => new RegExp(`\\b${name}<`).test(body));
  return [
    `${typeFileMark} from ${from}. Run db:types again instead of editing it.\n` +
      '// Columns of views and results of functions may be NULL, because PostgreSQL does not say otherwise.',
    ...(kysely && used.length > 0 ? [`import type { ${used.join(', ')} } from 'kysely';`] : []),
  ];
}

function declarationsFor(body: string): string[] {
  return Object.entries(clientDeclarations).flatMap(([name, declaration]) =>
    new RegExp(`\\b${name}\\b`).test(body) ? [declaration] : [],
  );
}

function renderType(type: DescribedType, name: string, types: ClientTypes): string[] {
  const { sort, comment, labels, attributes, oid } = type;
  if (sort === 'composite')
    return [
      ...renderComment('', comment, 'The client reads values of this type as text.'),
      `export interface ${name} {`,
      ...attributes.flatMap((one) => [
        ...renderComment('  ', one.comment),
        `  ${toProperty(one.name)}: ${withNull(types.of(one.type, one.dimensions).read)};`,
      ]),
      '}',
    ];
  const value = sort === 'enum' ? labels.map(toLiteral).join(' | ') || 'never' : types.baseOf(oid).read;
  return [...renderComment('', comment), `export type ${name} = ${value};`];
}

interface NamedRelation {
  readonly relation: DescribedRelation;
  readonly name: string;
}

function renderDatabase(relations: readonly NamedRelation[]): string[] {
  const sorted = [...relations].sort(
    (a, b) => Number(isTableLike(b.relation)) - Number(isTableLike(a.relation)),
  );
  return [
    '/** The tables and views, for `new Kysely<Database>`. */',
    'export interface Database {',
    ...sorted.map(({ relation, name }) => `  ${toProperty(keyOfPath(relation.path))}: ${name}Table;`),
    '}',
  ];
}
