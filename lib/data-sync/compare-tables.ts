// Compares many pairs of tables: small ones in groups first, then each that differs or is big by itself.
import { type Job, runJobs } from '../flow/worker-pool.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { buildSummaryQuery, type Side } from './buckets.ts';
import { compareSince } from './compare-since.ts';
import {
  findDifferingBuckets,
  findRows,
  keepSource,
  type RowsRead,
  type SessionPair,
  type SourceSummary,
  type Summary,
  summarize,
  type TableFindings,
} from './find.ts';
import type { BothSides, TablePair } from './shape.ts';
import type { SinceBound } from './since-shape.ts';
import type { Spool } from './spool.ts';

/** The input of a comparison besides its pairs. */
export interface ComparisonMeans {
  readonly crew: readonly SessionPair[];
  /** Opens the place for the differences of one table. */
  spool(): Promise<Spool>;
  readonly onRows?: RowsRead;
  /** Of earlier comparisons in the same snapshot of the source. */
  readonly sources?: ReadonlyMap<TablePair, SourceSummary | null>;
  /** The tables of which some rows are compared alone. */
  readonly since?: ReadonlyMap<TablePair, SinceBound>;
}

/** A pair with its differences, and the spool that lists them; null: there are none. */
export interface ComparedTable extends TableFindings {
  readonly spool: Spool | null;
  /** Null for a small table. */
  readonly source: SourceSummary | null;
}

// The size below which a server does not read in parallel (min_parallel_table_scan_size), and the number of
// such tables that it reads side by side in one query (manual: "Parallel Append").
const [little, atOnce] = [8 * 2 ** 20, 50];
// Rows of a table that are held in memory at once.
const wholeAtMost = 20_000;

/**
 * Finds the differences, in the order of the pairs.
 * @throws Problem `ambiguous_key`, `unfit_values`; of the connections
 */
export async function compareTables(
  pairs: readonly TablePair[],
  means: ComparisonMeans,
): Promise<ComparedTable[]> {
  const found = new Map<TablePair, ComparedTable>();
  const smallOnes = pairs.filter((pair) => isLittle(pair) && !means.since?.has(pair));
  const wholes = new Map<TablePair, Summary>();
  // Those that differ are counted when their rows are read.
  const note: typeof means.onRows = (pair, rows, all) => {
    if (isEqual(wholes.get(pair) as Summary)) means.onRows?.(pair, rows, all);
  };
  await runJobs(
    means.crew,
    groupsOf(smallOnes).map((group) => groupJob(group, wholes, note)),
  );
  const bySize = [...pairs].filter((pair) => {
    const summary = wholes.get(pair);
    if (summary === undefined || !isEqual(summary)) return true;
    found.set(pair, equal(pair, summary, null));
    return false;
  });
  await runJobs(
    means.crew,
    bySize.map(
      (pair): Job<SessionPair> => ({
        weight: bytesOf(pair),
        isFinal: true,
        does: async (sessions) => {
          found.set(pair, await compareOne(sessions, pair, wholes.get(pair), means));
        },
      }),
    ),
  );
  return pairs.map((pair) => found.get(pair) as ComparedTable);
}

/** The rows of a table on both sides, and a hash of all of them. */
export interface TableHashes {
  readonly rows: BothSides<number>;
  /** Empty where there are no rows. */
  readonly hash: BothSides<string>;
}

/** Counts and hashes the rows of pairs, in their order. @throws Problem of the connections */
export async function hashTables(
  pairs: readonly TablePair[],
  means: Omit<ComparisonMeans, 'spool'>,
): Promise<TableHashes[]> {
  const wholes = new Map<TablePair, Summary>();
  const bigOnes = pairs.filter((pair) => !isLittle(pair)).map((pair) => [pair]);
  const groups = [...bigOnes, ...groupsOf(pairs.filter(isLittle))];
  await runJobs(
    means.crew,
    groups.map((group) => groupJob(group, wholes, means.onRows)),
  );
  return pairs.map((pair) => {
    const { rows, hashes } = wholes.get(pair) as Summary;
    return { rows, hash: { from: hashes.from.get(0)?.hash ?? '', to: hashes.to.get(0)?.hash ?? '' } };
  });
}

const bytesOf = ({ from, to }: TablePair) => Math.max(from.table.bytes, to.table.bytes);
const isEqual = ({ hashes }: Summary) => findDifferingBuckets(hashes).length === 0;
const isLittle = (pair: TablePair) => bytesOf(pair) < little;

function equal(pair: TablePair, { rows, buckets }: Summary, source: ComparedTable['source']): ComparedTable {
  const counts = { missing: 0, changed: 0, extra: 0 };
  return { pair, rows, buckets, differing: [], counts, spool: null, source };
}

function groupsOf(pairs: readonly TablePair[]): TablePair[][] {
  const count = Math.ceil(pairs.length / atOnce);
  return Array.from({ length: count }, (_, at) => pairs.slice(at * atOnce, (at + 1) * atOnce));
}

function groupJob(
  group: readonly TablePair[],
  wholes: Map<TablePair, Summary>,
  onRows: ComparisonMeans['onRows'],
): Job<SessionPair> {
  return {
    weight: Math.max(...group.map(bytesOf)),
    isFinal: true,
    does: async (sessions) => {
      const [from, to] = (await Promise.all(
        (['from', 'to'] as const).map((side) => wholeHashes(sessions[side], group, side)),
      )) as [Summary['hashes']['from'][], Summary['hashes']['from'][]];
      for (const [at, pair] of group.entries()) {
        const hashes = { from: from[at] ?? new Map(), to: to[at] ?? new Map() } as Summary['hashes'];
        const rows: BothSides<number> = {
          from: hashes.from.get(0)?.rows ?? 0,
          to: hashes.to.get(0)?.rows ?? 0,
        };
        wholes.set(pair, { buckets: { is: 'whole' }, rows, hashes });
        onRows?.(pair, rows.from + rows.to, rows.from + rows.to);
      }
    },
  };
}

async function wholeHashes(
  connection: ServerConnection,
  group: readonly TablePair[],
  side: Side,
): Promise<Summary['hashes']['from'][]> {
  const each = group.map(
    (pair, at) =>
      `select ${at} as at, rows, hash from (${buildSummaryQuery(pair, side, { is: 'whole' })}) one`,
  );
  const found = await connection.rows<{ at: number; rows: string; hash: string }>(each.join(' union all '));
  const hashes: Map<number, { rows: number; hash: string }>[] = group.map(() => new Map());
  for (const { at, rows, hash } of found) hashes[at]?.set(0, { rows: Number(rows), hash });
  return hashes;
}

async function compareOne(
  sessions: SessionPair,
  pair: TablePair,
  known: Summary | undefined,
  { spool: open, onRows, sources, since }: ComparisonMeans,
): Promise<ComparedTable> {
  const bound = since?.get(pair);
  if (bound !== undefined) {
    const spool = await open();
    const findings = await compareSince(sessions, pair, { bound, spool, ...(onRows && { onRows }) });
    return { ...findings, since: bound, spool: spool.size() > 0 ? spool : null, source: null };
  }
  const isKnown = known !== undefined && Math.max(known.rows.from, known.rows.to) <= wholeAtMost;
  const summary = isKnown ? known : await summarize(sessions, pair, sources?.get(pair));
  const source = isLittle(pair) ? null : keepSource(summary);
  if (isEqual(summary)) {
    const { from, to } = summary.rows;
    onRows?.(pair, from + to, from + to);
    return equal(pair, summary, source);
  }
  const spool = await open();
  const findings = await findRows(sessions, pair, summary, { spool, ...(onRows && { onRows }) });
  return { ...findings, spool, source };
}
