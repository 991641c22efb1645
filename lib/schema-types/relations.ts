// The types of the rows of tables and views: as they are read, inserted and updated.
import type { DescribedColumn, DescribedRelation } from '../describe/description.ts';
import { renderComment, toProperty } from './names.ts';
import type { ClientTypes } from './values.ts';

/** The types named after a table; those of a view have no suffix. */
export const rowSuffixes = ['Insert', 'Update', 'Table'];

interface RowColumn {
  readonly column: DescribedColumn;
  readonly read: string;
  readonly write: string;
  /** True if a new row can do without it. */
  readonly optional: boolean;
  /** True if only the server writes it. */
  readonly computed: boolean;
}

/** True if rows can be written: to a table, not to a view. */
export function isTableLike({ sort }: DescribedRelation): boolean {
  return !sort.endsWith('view');
}

function shapeColumns({ columns }: DescribedRelation, types: ClientTypes, canWrite: boolean): RowColumn[] {
  return columns.map((column) => {
    const { type, dimensions, required, nullable, identity, generated } = column;
    const { read, write } = types.of(type, dimensions);
    const refused = types.refusesNull(type) && canWrite;
    const isNullable = !required && !refused;
    return {
      column,
      read: nullable && !refused ? withNull(read) : read,
      write: isNullable ? withNull(write) : write,
      optional: isNullable || column.default !== null || identity !== null || types.hasDefault(type),
      computed: generated || identity === 'always' || !canWrite,
    };
  });
}

/** `T | null`, where that says more than `T`. */
export function withNull(type: string): string {
  return type === 'unknown' ? type : `${type} | null`;
}

/** The interfaces of a relation: its row and, of a table, a new row and an update. */
export function renderRows(relation: DescribedRelation, name: string, types: ClientTypes): string[] {
  const canWrite = isTableLike(relation);
  const columns = shapeColumns(relation, types, canWrite);
  const row = [
    ...renderComment('', relation.comment),
    `export interface ${name} {`,
    ...columns.flatMap(({ column, read }) => [
      ...renderComment('  ', column.comment),
      `  ${toProperty(column.name)}: ${read};`,
    ]),
    '}',
  ];
  if (!canWrite) return row;
  const written = columns.filter(({ computed }) => !computed);
  return [
    ...row,
    '',
    `/** A new row of {@link ${name}}. */`,
    `export interface ${name}Insert {`,
    ...written.map(
      ({ column, write, optional }) => `  ${toProperty(column.name)}${optional ? '?' : ''}: ${write};`,
    ),
    '}',
    '',
    `/** The changes of a row of {@link ${name}}. */`,
    `export type ${name}Update = Partial<${name}Insert>;`,
  ];
}

/** The same for Kysely: one interface with ColumnType, and its three types. */
export function renderKyselyRows(relation: DescribedRelation, name: string, types: ClientTypes): string[] {
  const canWrite = isTableLike(relation);
  const rows = [
    ...renderComment('', relation.comment),
    `export interface ${name}Table {`,
    ...shapeColumns(relation, types, canWrite).flatMap((column) => [
      ...renderComment('  ', column.column.comment),
      `  ${toProperty(column.column.name)}: ${kyselyType(column)};`,
    ]),
    '}',
    '',
    `export type ${name} = Selectable<${name}Table>;`,
  ];
  if (!canWrite) return rows;
  return [
    ...rows,
    `export type ${name}Insert = Insertable<${name}Table>;`,
    `export type ${name}Update = Updateable<${name}Table>;`,
  ];
}

function kyselyType({ read, write, optional, computed }: RowColumn): string {
  if (computed) return `GeneratedAlways<${read}>`;
  // Kysely itself makes optional what can be NULL.
  const isOptional = optional && !write.endsWith('| null');
  if (read === write) return isOptional ? `Generated<${read}>` : read;
  return `ColumnType<${read}, ${isOptional ? `${write} | undefined` : write}, ${write}>`;
}
