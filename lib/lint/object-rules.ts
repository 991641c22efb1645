// Rules over statements on whole objects: indexes, renames, drops, rows.
import { qualify, quote } from '../model/quote.ts';
import type { Hazard } from '../model/step.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, listOf, listTagged, namesOf, relationPath } from '../sql/tree.ts';
import { findDeletions } from './deletions.ts';
import { findOverwrites } from './overwrites.ts';
import { type FileScope, type LintedStatement, relationOf, type StatementRule } from './statement.ts';

type ObjectRule = Omit<StatementRule, 'files' | 'find'> & {
  /** The object, what is wrong with it, and its hazards where they differ from the rule's, for each fault. */
  judge(
    statement: LintedStatement,
    scope: FileScope,
  ): readonly (readonly [object: string | null, message: string, hazards?: readonly Hazard[]])[];
};

/** A rule over objects that the file did not create. */
export function overObjects({ judge, ...rule }: ObjectRule): StatementRule {
  return {
    ...rule,
    files: 'migration',
    find: (statement, scope) =>
      judge(statement, scope)
        .filter(([object]) => object === null || !scope.created.has(object))
        .map(([object, message, hazards = rule.hazards]) => ({ object, message, hazards })),
  };
}

/** The qualified names of the objects of a DROP. */
export function listDropped({ objects }: Node): string[] {
  return listOf(objects).map(([tag, node]) => {
    const names = tag === 'List' ? namesOf(node.items) : namesOf([{ [tag]: node }]);
    return qualify(names.length === 1 ? ['public', ...names] : names.slice(-2));
  });
}

// An option without a value is on (source: defGetBoolean).
const hasOption = (list: unknown, name: string) =>
  listTagged(list, 'DefElem').some(
    ({ defname, arg }) =>
      defname === name &&
      !listOf([arg]).some(
        ([tag, value]) =>
          (tag === 'String' && /^(false|off)$/i.test(String(value.sval))) ||
          (tag === 'Integer' && !value.ival),
      ),
  );

// Manual: "Explicit Locking", and REINDEX: to plan a query, the server locks all indexes of its tables.
const locking: readonly Hazard[] = ['blocks_writes', 'blocks_reads'];

const concurrentIndexes = overObjects({
  name: 'concurrent_indexes',
  level: 'deny',
  hazards: locking,
  flags: 'CREATE INDEX, DROP INDEX and REINDEX without CONCURRENTLY',
  hint: 'Write CONCURRENTLY, outside of a transaction.',
  judge({ tag, node }) {
    // An index of the partitioned table alone has no rows to read.
    if (tag === 'IndexStmt' && node.concurrent !== true && childOf(node, 'relation').inh === true)
      return [[relationOf(node), 'Building the index blocks writes to the table', ['blocks_writes']]];
    if (tag === 'DropStmt' && node.removeType === 'OBJECT_INDEX' && node.concurrent !== true)
      return listDropped(node).map((name) => [
        name,
        'Dropping the index takes a lock that blocks reads and writes of its table',
      ]);
    if (tag === 'ReindexStmt' && !hasOption(node.params, 'concurrently'))
      return [
        [
          node.relation === undefined ? null : relationOf(node),
          'REINDEX blocks writes to the table, and reads that use the index',
        ],
      ];
    return [];
  },
});

const concurrentRefresh = overObjects({
  name: 'concurrent_refresh',
  level: 'warn',
  hazards: ['rewrites_table', 'blocks_reads'],
  flags: 'REFRESH MATERIALIZED VIEW without CONCURRENTLY',
  hint: 'Write CONCURRENTLY; the materialized view needs a unique index.',
  judge: ({ tag, node }) =>
    tag === 'RefreshMatViewStmt' && node.concurrent !== true && node.skipData !== true
      ? [[relationOf(node), 'The refresh blocks reads of the materialized view']]
      : [],
});

const renamed = /^OBJECT_(ATTRIBUTE|COLUMN|TABLE|VIEW|MATVIEW|FOREIGN_TABLE|FUNCTION|PROCEDURE|SCHEMA|TYPE)$/;

const renames = overObjects({
  name: 'renames',
  level: 'deny',
  hazards: ['breaks_clients'],
  flags: 'RENAME of a table, a column, a view, a function, a type, a label or a schema, and SET SCHEMA',
  hint: 'Add the new name first, for example by a view or a second column, and remove the old one later.',
  judge({ tag, node }) {
    const isRename = tag === 'RenameStmt' && renamed.test(String(node.renameType));
    const isLabel = tag === 'AlterEnumStmt' && node.oldVal !== undefined;
    if (!isRename && !isLabel && tag !== 'AlterObjectSchemaStmt') return [];
    // pgmage sets a type aside under such a name, and makes the old name again at once (kinds: aside).
    if (node.renameType === 'OBJECT_TYPE' && String(node.newname).startsWith('pgmage_old_')) return [];
    const object = node.relation === undefined ? null : relationOf(node);
    return [[object, 'Programs that use the old name fail']];
  },
});

const dropTable = overObjects({
  name: 'drop_table',
  level: 'deny',
  hazards: ['deletes_data', 'breaks_clients'],
  flags:
    'DROP TABLE, DROP MATERIALIZED VIEW, DROP OWNED, and CASCADE for a schema, type, domain or extension',
  hint:
    'Remove it from all programs and back it up first. Then allow it by a comment: -- pgmage:allow' +
    ' drop_table NAME in the schema, or above the statement in a draft.',
  judge({ tag, node }) {
    if (tag === 'DropOwnedStmt') return [[null, 'All tables of the role are deleted with their rows']];
    if (tag !== 'DropStmt') return [];
    const isCascade = node.behavior === 'DROP_CASCADE';
    if (isCascade && /^OBJECT_(TYPE|DOMAIN|EXTENSION)$/.test(String(node.removeType)))
      return [[null, 'All columns of the type are deleted with their values']];
    const isHeld = /^OBJECT_(TABLE|MATVIEW)$/.test(String(node.removeType));
    const isSchema = node.removeType === 'OBJECT_SCHEMA' && isCascade;
    if (isSchema) return [[null, 'All objects of the schema are deleted with their rows']];
    return isHeld ? listDropped(node).map((name) => [name, 'All rows are deleted']) : [];
  },
});

const dropDatabase = overObjects({
  name: 'drop_database',
  level: 'deny',
  hazards: ['deletes_data'],
  flags: 'DROP DATABASE',
  hint: 'Take this statement out of the migration.',
  judge: ({ tag }) => (tag === 'DropdbStmt' ? [[null, 'The whole database is deleted']] : []),
});

const truncate = overObjects({
  name: 'truncate',
  level: 'deny',
  hazards: ['deletes_data'],
  flags: 'TRUNCATE, above all with CASCADE',
  hint:
    'Name every table that is to be emptied, and allow it by a comment above the statement:' +
    ' -- pgmage:allow truncate.',
  judge({ tag, node }) {
    if (tag === 'DoStmt')
      return findDeletions(tag, node).truncated.map((one) => [one, 'The block deletes all rows']);
    if (tag !== 'TruncateStmt') return [];
    const also = node.behavior === 'DROP_CASCADE' ? ', and those of every table that refers to it' : '';
    return listTagged(node.relations, 'RangeVar').map((one) => [
      qualify(relationPath(one)),
      `All rows are deleted${also}`,
    ]);
  },
});

const deleteRows = overObjects({
  name: 'delete_rows',
  level: 'warn',
  hazards: ['deletes_data'],
  flags: 'DELETE, also in WITH, and MERGE … DELETE',
  hint: 'Check the condition on a copy of the data, and back the table up first.',
  judge: ({ tag, node }) =>
    findDeletions(tag, node).deleted.map((one) => [
      one,
      'Rows are deleted, and the way down does not restore them',
    ]),
});

const overwriteValues = overObjects({
  name: 'overwrite_values',
  level: 'warn',
  hazards: ['loses_values'],
  flags: 'UPDATE of columns that the file does not add, also in WITH, MERGE and ON CONFLICT DO UPDATE',
  hint: 'Keep the old values in another column or table until the new ones are checked.',
  judge: ({ tag, node }, { created }) =>
    findOverwrites(tag, node)
      .filter(
        ({ table, columns }) => columns?.every((column) => created.has(`${table}.${quote(column)}`)) !== true,
      )
      .map(({ table, columns }) => {
        const what = columns === null ? 'Values' : `Values of ${columns.join(', ')}`;
        return [table, `${what} are overwritten, and the way down does not restore them`];
      }),
});

const rewriteTable = overObjects({
  name: 'vacuum_full',
  level: 'deny',
  hazards: ['rewrites_table', 'blocks_reads', 'blocks_writes'],
  flags: 'VACUUM FULL and CLUSTER',
  hint: 'Use VACUUM, or an extension that rewrites online, such as pg_repack.',
  judge({ tag, node }) {
    if (tag === 'ClusterStmt') return [[node.relation === undefined ? null : relationOf(node), rewritten]];
    if (tag !== 'VacuumStmt' || !hasOption(node.options, 'full')) return [];
    const tables = listTagged(node.rels, 'VacuumRelation').map((one): [string, string] => [
      relationOf(one),
      rewritten,
    ]);
    return tables.length === 0 ? [[null, rewritten]] : tables;
  },
});

const rewritten = 'The whole table is written again under a lock that blocks reads and writes';

/** The rules over whole objects. */
export const objectRules: readonly StatementRule[] = [
  concurrentIndexes,
  concurrentRefresh,
  renames,
  dropTable,
  dropDatabase,
  truncate,
  deleteRows,
  overwriteValues,
  rewriteTable,
];
