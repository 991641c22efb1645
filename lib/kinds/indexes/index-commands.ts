// The SQL of indexes: made at once, or while others go on writing.
import type { Fact, PartPath } from '../../model/fact.ts';
import type { OnlineRules, Scope } from '../../model/kind.ts';
import { quote } from '../../model/quote.ts';
import type { Statement, StatementScript } from '../../model/step.ts';
import { quoteName as ownName, quoteTable } from '../constraints/constraints.ts';
import { formatIndex as nameOf, renameIndex } from '../schemas/renaming.ts';
import { checkDuplicates } from '../tables/row-checks.ts';
import { alterOptions, formatOptions } from '../tables/storage-options.ts';
import { nameTablespace, type Storage } from '../tables/tablespaces.ts';
import { findIndexLoss } from './lost-indexes.ts';

/** The payload of an index. */
export interface Index extends Storage {
  readonly unique: boolean;
  /** `btree (…)` as the server prints it: method, columns and the rest, without storage parameters. */
  readonly columns: string;
  /** The condition of a partial index. */
  readonly predicate: string | null;
  readonly options: readonly string[];
  /** Statistics targets of its columns, null where none is set. */
  readonly statistics: readonly (number | null)[];
  /** True on a partitioned table: the indexes of its partitions are attached to it one by one. */
  readonly partitioned: boolean;
  /** false: a concurrent build died; the server does not use it. */
  readonly valid: boolean;
}

type Row = Fact<Index, PartPath>;

/** The start of a command on it. */
export const alterIndex = (fact: Row) => `ALTER INDEX ${nameOf(fact)}`;
const where = ({ payload: { predicate } }: Row) => (predicate === null ? '' : ` WHERE ${predicate}`);

/** One line for people. */
export function describeIndex(fact: Row): string {
  const columns = `${fact.payload.columns}${where(fact)}`.replace(/\s+/g, ' ').replace(/^btree /, '');
  const head = `${fact.payload.unique ? 'UNIQUE ' : ''}INDEX ${ownName(fact)} ON ${quoteTable(fact)}`;
  const state = fact.payload.valid ? '' : ' (invalid: its build did not finish)';
  return `${head}${columns.startsWith('(') ? '' : ' USING '}${columns}${state}`;
}

/** SET TABLESPACE, which copies the index. @param index its name */
export const moveIndex = (index: string, to: Storage): Statement => ({
  sql: `ALTER INDEX ${index} SET TABLESPACE ${quote(nameTablespace(to))}`,
  hazards: ['blocks_reads'],
  lock: 'ACCESS EXCLUSIVE',
});

/** SET STATISTICS of the columns whose targets are others than those of `from`. */
export const writeStatisticsTargets = (fact: Row, from: readonly (number | null)[]) =>
  fact.payload.statistics.flatMap((target, index) =>
    target === (from[index] ?? null)
      ? []
      : [`${alterIndex(fact)} ALTER COLUMN ${index + 1} SET STATISTICS ${target ?? -1}`],
  );

/**
 * CREATE INDEX, and settings with commands of their own.
 * @param online true to avoid long locks; a partitioned index has no content to build
 */
export function createIndex(fact: Row, scope: Scope, online = false): StatementScript {
  const { unique, columns, options, partitioned, tablespace } = fact.payload;
  // A partitioned index takes storage parameters only when it is made.
  const storage = partitioned && options.length > 0 ? ` ${formatOptions(options)}` : '';
  const place = tablespace === null ? '' : ` TABLESPACE ${quote(tablespace)}`;
  const concurrently = online && !partitioned;
  const words = `CREATE ${unique ? 'UNIQUE ' : ''}INDEX${concurrently ? ' CONCURRENTLY' : ''}`;
  const sql =
    `${words} ${ownName(fact)} ON ${partitioned ? 'ONLY ' : ''}${quoteTable(fact)} USING` +
    ` ${columns}${storage}${place}${where(fact)}`;
  const made: Statement = concurrently
    ? { sql, lock: 'SHARE UPDATE EXCLUSIVE' }
    : { sql, hazards: online ? [] : ['blocks_writes'], lock: 'SHARE' };
  const { hazards = [] } = made;
  const checks = checkDuplicates(fact, columns, scope, fact.payload.predicate);
  return [
    unique && !partitioned ? { ...made, hazards: [...hazards, 'may_fail_on_existing_rows'], checks } : made,
    ...(partitioned ? [] : alterOptions(alterIndex(fact), [], options)),
    ...writeStatisticsTargets(fact, []),
  ];
}

const dropped = (fact: Row, scope: Scope): Statement => ({
  sql: `DROP INDEX CONCURRENTLY ${nameOf(fact)}`,
  hazards: fact.payload.valid ? findIndexLoss(fact, scope) : [],
  lock: 'SHARE UPDATE EXCLUSIVE',
});

/** The name of a replacement index; short, because the server cuts longer names. */
export const makePlaceholderName = (name: string) => `${name.slice(0, 15)}_rebuilt`;

/**
 * CONCURRENTLY (manual: CREATE INDEX, "Building Indexes Concurrently"), which partitioned indexes do not
 * know: they are made along with those of their partitions, because these can be taken off them only all
 * together.
 */
export const onlineIndex: OnlineRules<Index, PartPath> = {
  create: (fact, scope) => createIndex(fact, scope, true),
  drop: (fact, scope) => (fact.payload.partitioned ? null : dropped(fact, scope)),
  replace: (from, to, scope) => {
    if (from.payload.partitioned || to.payload.partitioned) return null;
    const made = (fact: Row) => [createIndex(fact, scope, true)].flat();
    // An index whose build failed half-way is not used by any query.
    if (!from.payload.valid) return [dropped(from, scope), ...made(to)];
    const [schema, table, name] = to.path;
    const next = { ...to, path: [schema, table, makePlaceholderName(name)] as const };
    return [...made(next), dropped(from, scope), renameIndex(next, to)];
  },
};
