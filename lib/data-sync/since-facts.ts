// Reads the facts that tell whether the state of an earlier run still holds: servers, tables and their files,
// and from where on the source has changed rows.
import { literal, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { openServer, type Reachable } from '../project/source.ts';
import type { SessionPair } from './find.ts';
import type { BothSides, TablePair } from './shape.ts';
import type { SinceFacts } from './since.ts';
import type { PairSince, SinceBound } from './since-shape.ts';

/** The time from which on the next run looks for rows, or the reason why that is not known. */
export type OldestChange = { readonly from: string } | { readonly why: string };

const asTime = (time: string) => `to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'`;

// A transaction that others do not see yet was open here, or begins later: its now() is not before this time.
// Clocks of applications may differ by some minutes. A prepared transaction has no session, rows of a
// subscription have the times of another server.
const oldest = `with own as (select xact_start, state from pg_stat_activity where datname = current_database()
    and backend_type not in ('autovacuum worker', 'walsender'))
  select ${asTime(`least(clock_timestamp(), (select min(xact_start) from own)) - interval '5 minutes'`)}
      as "from",
  case when pg_is_in_recovery() then 'the source is a standby'
    when not pg_has_role('pg_read_all_stats', 'USAGE')
      then 'the role of the source may not see when other transactions began: grant it pg_read_all_stats'
    when exists (select from own where state = 'disabled')
      then 'a session of the source does not show its transactions: its track_activities is off'
    when exists (select from pg_subscription s join pg_database d on d.oid = s.subdbid
      where d.datname = current_database()) then 'the source subscribes to rows of another server'
    when exists (select from pg_prepared_xacts where database = current_database())
      then 'the source has prepared transactions' end as why`;

/**
 * Reads it in a session of its own, before the source's snapshot is taken.
 * @throws Problem of the connection
 */
export async function readOldest(source: Reachable): Promise<OldestChange> {
  const connection = await openServer(source);
  try {
    const [row] = await queryPinned<{ from: string; why: string | null }>(connection, oldest);
    const { from, why } = row as { from: string; why: string | null };
    return why === null ? { from } : { why };
  } finally {
    await connection.close();
  }
}

const server = `select extract(epoch from pg_postmaster_start_time())::text as started,
    d.oid::text as database,
    pg_is_in_recovery() as standby, ${asTime('transaction_timestamp()')} as now,
    pg_snapshot_xmin(pg_current_snapshot())::text as xmin,
    pg_snapshot_xmax(pg_current_snapshot())::text as xmax
  from pg_database d where d.datname = current_database()`;

interface ServerFacts {
  readonly started: string;
  readonly database: string;
  readonly standby: boolean;
  readonly now: string;
  readonly xmin: string;
  readonly xmax: string;
}

// Of the table c.
const parts = `(select c.oid union all select t.relid from pg_partition_tree(c.oid) t
  where c.relkind = 'p' and t.relid <> c.oid)`;

// A column that was dropped and added again has another number, and its default is not a change of rows.
// Neither is another expression of a virtual column.
const tables = (names: readonly (readonly [schema: string, name: string])[]) => `
  select json_build_array(n.nspname, c.relname) as path,
    (select json_agg(json_build_array(p.oid::int8, pg_relation_filenode(p.oid)::int8) order by p.oid)
      from ${parts} p) as files,
    (select json_agg(json_build_array(d.adrelid::int8, d.adnum, pg_get_expr(d.adbin, d.adrelid))
        order by d.adrelid, d.adnum)
      from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
      where a.attgenerated <> '' and d.adrelid in ${parts}) as generated,
    (select json_agg(json_build_array(a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
        a.attmissingval::text) order by a.attnum)
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (n.nspname, c.relname) in (${names.map((one) => `(${one.map(literal).join(', ')})`).join(', ')})`;

type TableRow = {
  readonly path: readonly [string, string];
  readonly files: unknown;
  readonly generated: unknown;
  readonly columns: unknown;
};

/** The facts of a comparison, in its snapshots. */
export interface ReadSinceFacts {
  readonly source: ServerFacts;
  of(pair: TablePair): SinceFacts;
}

/** Reads them. @throws Problem of the connections */
export async function readSinceFacts(
  sessions: SessionPair,
  pairs: readonly TablePair[],
): Promise<ReadSinceFacts> {
  const read = async (session: ServerConnection, side: keyof BothSides<unknown>) => {
    const [facts] = await session.rows<ServerFacts>(server);
    const rows = await session.rows<TableRow>(tables(pairs.map((pair) => pair[side].table.path)));
    const byPath = new Map(rows.map(({ path, ...one }) => [JSON.stringify(path), one]));
    return { facts: facts as ServerFacts, byPath };
  };
  const [from, to] = await Promise.all([read(sessions.from, 'from'), read(sessions.to, 'to')]);
  const { started, database } = from.facts;
  return {
    source: from.facts,
    of: (pair) => ({
      servers: { source: { started, database }, target: to.facts.database },
      tables: [
        from.byPath.get(JSON.stringify(pair.from.table.path)),
        to.byPath.get(JSON.stringify(pair.to.table.path)),
      ],
    }),
  };
}

// Of a row, 32 bits of the transaction are known (manual: "Preventing Transaction ID Wraparound Failures").
const [half, all] = [2n ** 31n, 2n ** 32n];

/**
 * The rows from a state on. A row that was written long ago can be among them, none that was written since is
 * missing.
 * @returns null where the state is of no use: it is not before the source's snapshot, or too old
 */
export function boundOf({ by, is }: PairSince, from: string, source: ServerFacts): SinceBound | null {
  if (is !== 'xmin') {
    if (!/^\d{4}-/.test(from) || from > source.now) return null;
    const later = `t.${quote(by)} >= ${literal(from)}::timestamptz`;
    const condition = is === 'column' ? later : `(${later} or t.${quote(by)} is null)`;
    return { condition, from };
  }
  if (!/^\d+$/.test(from)) return null;
  const [first, next] = [BigInt(from), BigInt(source.xmax)];
  const age = next - first;
  if (age < 0n || age >= half || first > BigInt(source.xmin)) return null;
  const own = `(${next % all}::int8 - t.xmin::text::int8 + ${all}::int8) % ${all}::int8`;
  return { condition: `${own} <= ${age}`, from };
}
