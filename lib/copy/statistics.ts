// The statistics of the planner, which a dump and a copy do not have.
import { literal } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { toProblem } from '../problem/problem.ts';
import type { World } from '../project/world.ts';

/**
 * Runs ANALYZE on tables of a database that the role may analyze. Without statistics the planner guesses,
 * until autovacuum has come by; of partitioned tables it never does. The server calls functions of indexes as
 * the owners of their tables. A failure does not undo the work before it, and is only reported.
 * @param tables their qualified names, to which those that they are partitions of are added; left out: all
 */
export async function collectStatistics(
  { progress }: Pick<World, 'progress'>,
  connection: ServerConnection,
  name: string,
  tables?: readonly string[],
): Promise<void> {
  if (tables?.length === 0) return;
  progress(`Collecting planner statistics in ${name}`);
  try {
    const list = tables === undefined ? '' : await withParents(connection, tables);
    // Without a list ANALYZE reads all tables.
    if (list !== null) await connection.execute(`analyze (skip_locked) ${list}`);
  } catch (thrown) {
    progress(`ANALYZE in ${name} failed: ${toProblem(thrown).message}. Run it yourself`);
  }
}

// Null where none of them exists any more.
async function withParents(connection: ServerConnection, tables: readonly string[]): Promise<string | null> {
  const [row] = await queryPinned<{ list: string | null }>(
    connection,
    `with changed as (select to_regclass(name) as id from unnest(array[${tables.map(literal)}]) name),
      found as (select id from changed union select a.relid from changed, pg_partition_ancestors(id) a)
     select string_agg(id::regclass::text, ', ') as list from found where id is not null`,
  );
  return row?.list ?? null;
}

/**
 * The tables whose rows the open transaction has changed, as the server counts them (manual: "The Cumulative
 * Statistics System"). The search path can be that of a script. @throws Problem of the connection
 */
export async function readChangedTables(connection: ServerConnection): Promise<string[]> {
  const changes = ['ins', 'upd', 'del'].map((what) => `s.n_tup_${what}`).join(' operator(pg_catalog.+) ');
  const rows = await connection.rows<{ name: string }>(
    `select pg_catalog.format('%I.%I', s.schemaname, s.relname) as name
     from pg_catalog.pg_stat_xact_user_tables s
     where ${changes} operator(pg_catalog.>) 0 and s.schemaname operator(pg_catalog.!~) '^pg_temp_'`,
  );
  return rows.map(({ name }) => name);
}
