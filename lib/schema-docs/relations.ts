// The sections of tables and views.
import type {
  DescribedConstraint,
  DescribedPart,
  DescribedPolicy,
  DescribedRelation,
  Description,
} from '../describe/description.ts';
import { qualify, quote } from '../model/quote.ts';
import { anchorOf, type Block, type Inline, joinLines, type RichLine } from './blocks.ts';
import { describeGrants, describeOwner } from './grants.ts';

const titles = {
  table: 'Table',
  'foreign table': 'Foreign table',
  view: 'View',
  'materialized view': 'Materialized view',
} as const;

/** The section of one table or view. */
export function relationBlocks(relation: DescribedRelation, description: Description): Block[] {
  const { path, sort, comment, owner, columns, constraints, indexes, triggers, grants } = relation;
  const granted = [
    { grants, columns: null },
    ...columns.map((column) => ({ grants: column.grants, columns: column.name })),
  ];
  const privileges = describeGrants('TABLES', description.major, granted);
  return [
    heading(2, [`${titles[sort]} `, { code: qualify(path) }], anchorOf('relation', path).id),
    ...(comment === null ? [] : [paragraph(comment)]),
    ...describeOwner(owner),
    ...partitionBlocks(relation, description),
    columnTable(relation),
    ...part('Keys and constraints', ['Name', 'Definition', 'Comment'], constraints.map(constraintRow)),
    ...referencedBy(relation, description),
    ...part('Indexes', ['Name', 'Definition', 'Comment'], indexes.map(partRow)),
    ...part('Triggers', ['Name', 'Definition', 'Comment'], triggers.map(partRow)),
    ...policyBlocks(relation),
    ...(privileges.length === 0 ? [] : [heading(3, ['Privileges']), ...privileges]),
  ];
}

const heading = (level: 2 | 3, text: RichLine, id: string | null = null): Block => ({
  is: 'heading',
  level,
  text,
  id,
});
const paragraph = (...text: Inline[]): Block => ({ is: 'paragraph', text });

function part(title: string, head: readonly string[], rows: readonly (readonly RichLine[])[]): Block[] {
  return rows.length === 0 ? [] : [heading(3, [title]), { is: 'table', head, rows }];
}

function columnTable({ columns, constraints }: DescribedRelation): Block {
  const keys = new Set(constraints.find(({ sort }) => sort === 'primary')?.columns);
  return {
    is: 'table',
    head: ['Column', 'Type', 'Null', 'Default', 'Comment'],
    rows: columns.map(({ name, typeText, nullable, comment, ...column }) => [
      [{ code: quote(name) }, ...(keys.has(name) ? [' (key)'] : [])],
      [{ code: typeText }],
      [nullable ? 'yes' : 'no'],
      defaultOf(column),
      [comment ?? ''],
    ]),
  };
}

function defaultOf(
  column: Pick<DescribedRelation['columns'][number], 'default' | 'identity' | 'generated'>,
): RichLine {
  if (column.identity !== null) return [`identity, ${column.identity}`];
  if (column.default === null) return [''];
  return [...(column.generated ? ['generated: '] : []), { code: column.default }];
}

function constraintRow({ name, definition, references, comment }: DescribedConstraint): RichLine[] {
  const link: RichLine =
    references === null ? [] : [' → ', { label: qualify(references), to: anchorOf('relation', references) }];
  return [[{ code: quote(name) }], [{ code: definition }, ...link], [comment ?? '']];
}

const partRow = ({ name, definition, comment }: DescribedPart): RichLine[] => [
  [{ code: quote(name) }],
  [{ code: definition }],
  [comment ?? ''],
];

function partitionBlocks({ path, partitionKey }: DescribedRelation, { relations }: Description): Block[] {
  if (partitionKey === null) return [];
  const own = relations.filter(({ partitionOf }) => partitionOf?.join('\0') === path.join('\0'));
  const names = own.map((partition): RichLine => [{ code: qualify(partition.path) }]);
  return [
    paragraph('Partitioned by ', { code: partitionKey }),
    ...(names.length === 0 ? [] : [paragraph('Partitions: ', ...joinLines(names, ', '))]),
  ];
}

function referencedBy({ path }: DescribedRelation, { relations }: Description): Block[] {
  const lines = relations.flatMap((relation) => {
    const points = relation.constraints.some(({ references }) => references?.join('\0') === path.join('\0'));
    if (!points || relation.partitionOf !== null) return [];
    return [[{ label: qualify(relation.path), to: anchorOf('relation', relation.path) }]];
  });
  return lines.length === 0 ? [] : [paragraph('Referenced by ', ...joinLines(lines, ', '))];
}

function policyBlocks({ rowSecurity, policies }: DescribedRelation): Block[] {
  if (!rowSecurity && policies.length === 0) return [];
  const state = rowSecurity
    ? policies.length === 0
      ? 'Row security is enabled, and no policy lets a row through.'
      : 'Row security is enabled.'
    : 'Row security is disabled: the policies have no effect.';
  return [
    heading(3, ['Policies']),
    paragraph(state),
    ...(policies.length === 0
      ? []
      : [{ is: 'table', head: ['Name', 'For', 'Rows', 'Comment'], rows: policies.map(policyRow) } as const]),
  ];
}

function policyRow({ name, permissive, command, roles, using, check, comment }: DescribedPolicy): RichLine[] {
  const to = roles.map((role): RichLine => [{ code: role === 'PUBLIC' ? role : quote(role) }]);
  const rows: RichLine[] = [
    ...(using === null ? [] : [['existing: ', { code: using }]]),
    ...(check === null ? [] : [['new: ', { code: check }]]),
  ];
  return [
    [{ code: quote(name) }, ...(permissive ? [] : [' (restrictive)'])],
    [{ code: command }, ' to ', ...joinLines(to, ', ')],
    joinLines(rows, '\n'),
    [comment ?? ''],
  ];
}
