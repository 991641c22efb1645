// The rows of the two databases of a trial, and the proof of how often a job has changed them.
import { type Database, rowsOf } from '../../servers/databases.ts';
import { query } from '../../servers/server.ts';

/** The number of rows of the source. */
export const rows = 40_000;

/** Fills the source, once. */
export async function fillSource({ url }: Database): Promise<void> {
  await query(
    url,
    `create table users (id int primary key, name text);
     insert into users select i, repeat(md5(i::text), 4) from generate_series(1, ${rows}) i`,
  );
}

/** Puts the target into its state before a job. */
export async function resetTarget({ url }: Database): Promise<void> {
  await query(
    url,
    `set synchronous_commit = off;
     drop table if exists users; create table users (id int primary key, name text);
     insert into users select i, 'old' from generate_series(1, 500) i`,
  );
}

/** A digest of the rows of a database. */
export async function digestOf({ url }: Database): Promise<string> {
  const [row] = await rowsOf<{ digest: string }>(
    url,
    `select count(*) || ' ' || md5(string_agg(u::text, ',' order by id)) as digest from users u`,
  );
  return row?.digest ?? '';
}

/** The commits that have changed the rows of a target since it was opened. */
export interface ChangeLog {
  count(): Promise<number>;
}

/**
 * Opens the log of the changes of a target: the server's own (manual: "Logical Decoding"). A swap does not
 * change rows but exchanges the database.
 */
export async function openChangeLog(target: Database, isSwap: boolean): Promise<ChangeLog> {
  const { url, name } = target;
  await dropKept(target);
  const slot = `changes_of_${name}`;
  const exists = await rowsOf(url, `select from pg_replication_slots where slot_name = '${slot}'`);
  if (isSwap) {
    if (exists.length > 0) await query(url, `select pg_drop_replication_slot('${slot}')`);
    const before = await readOid(target);
    return { count: async () => ((await readOid(target)) === before ? 0 : 1) };
  }
  if (exists.length === 0)
    await query(url, `select pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
  await query(url, `select count(*) from pg_logical_slot_get_changes('${slot}', null, null)`);
  // A server that crashes forgets how far the slot was read.
  const [begin] = await rowsOf<{ at: string }>(url, 'select pg_current_wal_lsn()::text as at');
  return {
    async count() {
      const [found] = await rowsOf<{ n: number }>(
        url,
        `select count(distinct xid::text)::int as n from pg_logical_slot_peek_changes('${slot}', null, null)
         where lsn >= '${begin?.at}' and data like 'table public.users:%'`,
      );
      return found?.n ?? 0;
    },
  };
}

async function readOid({ url }: Database): Promise<string | undefined> {
  const sql = 'select oid::text from pg_database where datname = current_database()';
  return (await rowsOf<{ oid: string }>(url, sql))[0]?.oid;
}

// A swap that is killed after its COMMIT keeps the old database.
async function dropKept({ url, name }: Database): Promise<void> {
  const sql = `select datname::text as kept from pg_database where datname ~ '^${name}_old_'`;
  for (const { kept } of await rowsOf<{ kept: string }>(url, sql))
    await query(url, `drop database ${kept} with (force)`);
}
