// Clones that something happens to on the way, and what is there afterwards.
import { expect, vi } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { diff, isEmpty } from '../../lib/model/diff.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { proxyTo, type Strike } from '../servers/proxy.ts';
import { anyServer } from '../servers/running.ts';
import type { Server } from '../servers/server.ts';
import { step } from '../thorough.ts';
import { cloned, contextOf, type Whole, wholeOf } from './cloning.ts';

/** What is cloned: enough rows that a strike can come among them. */
export const shop = `
  create table users (id int primary key, boss int references users, name text unique);
  insert into users select n, nullif(n / 10, 0), 'user ' || n from generate_series(1, 2000) n;
  create table events (id bigserial primary key, by int references users, filler text);
  insert into events (by, filler) select n % 2000 + 1, repeat('event ' || n, 30) from generate_series(1,
  8000) n;
  create index on events (by); create view active as select distinct by from events;
  create table plain (n int); insert into plain select generate_series(1, 500);
  create materialized view busy as select by, count(*) from events group by by;
  select lo_from_bytea(4711, convert_to(repeat('large ', 100000), 'UTF8'))`;

/** What the target holds before. */
export const attic = `
  create table users (id int primary key, email text); insert into users select n, 'x' || n
  from generate_series(1, 50) n;
  create table old (n int); insert into old values (1), (2); create view seen as select * from old;
  create sequence turns start 7; select lo_from_bytea(7, 'old')`;

/** Which of two states a database is in; anything else is a failure of the test. */
export async function stateOf(
  target: Database,
  before: Whole,
  source: Whole,
): Promise<'unchanged' | 'complete'> {
  // The server notices that its client is gone when it wants to read from it.
  const others = `select pid from pg_stat_activity where datname = current_database()
    and pid <> pg_backend_pid()
    and backend_type = 'client backend'`;
  await vi.waitFor(async () => expect(await rowsOf(target.socket, others)).toEqual([]), 20_000);
  const now = await wholeOf(target.socket);
  const is = (other: Whole) =>
    isEmpty(diff(now.catalog, other.catalog, kinds)) &&
    JSON.stringify(now.digests) === JSON.stringify(other.digests);
  if (is(before)) return 'unchanged';
  expect(now.digests).toEqual(source.digests);
  expect(diff(now.catalog, source.catalog, kinds)).toEqual({ added: [], removed: [], changed: [] });
  return 'complete';
}

/** Databases that clones with a swap left beside a target: kept ones, and new ones that nobody uses. */
export async function leftOf({ name }: Database, server: Server = anyServer()): Promise<string[]> {
  const found = await rowsOf<{ name: string }>(
    server.socket(),
    `select datname::text as name from pg_database
     where datname like '${name}_old_%' or shobj_description(oid, 'pg_database') like '%swap for ${name};%'
     order by 1`,
  );
  return found.map((one) => one.name);
}

/** Drops them, and gives the names of those that were kept. */
export async function dropLeft(target: Database, server: Server): Promise<string[]> {
  const left = await leftOf(target, server);
  for (const name of left) await rowsOf(server.socket(), `drop database "${name}" with (force)`);
  expect(left.filter((name) => !name.startsWith(target.name))).toEqual([]);
  return left;
}

/** What was tried. */
export interface Trials {
  readonly what: string;
  readonly source: Database;
  readonly server: Server;
  /** Which of the two is reached by way of the strike. */
  readonly side: 'source' | 'target';
  /** How many requests lie between two strikes. */
  readonly stride: number;
  /** Whether it is tried again after what may pass. */
  readonly again: boolean;
  /** Whether the target is exchanged for a new database. */
  readonly swap?: boolean;
  /** Whether nothing could be taken away, so that only the next one does. */
  readonly leaves?: boolean;
  strike(target: Database): Omit<Strike, 'at'>;
}

/** Strikes one request after the other, until there are no more, and tells what came of it. */
export async function struckAtEach(trials: Trials): Promise<Map<string, number>> {
  const { source, server, side, stride, again, swap = false, strike } = trials;
  const what = `${trials.what}${swap ? ', with a swap' : ''}`;
  const found = new Map<string, number>();
  const count = (key: string) => found.set(key, (found.get(key) ?? 0) + 1);
  const whole = await wholeOf(source.socket);
  let tried = 0;
  for (let at = 1, going = true; going; at += step(stride))
    going = await withDatabase(server, async (target) => {
      await rowsOf(target.socket, attic);
      const before = await wholeOf(target.socket);
      const struck: Strike = { at, ...strike(target) };
      const proxy = await proxyTo((side === 'source' ? source : target).url, struck);
      const urls = side === 'source' ? [proxy.url, target.url] : [source.url, proxy.url];
      const pause = async () => {
        if (!again) throw new Problem('interrupted', { state: 'It is not tried again.' });
      };
      const context = contextOf(urls[0] as string, urls[1] as string, { pause });
      const outcome = await cloned(context, swap ? { swap, jobs: 2 } : {}).then(
        ({ retries }) => ({ code: 'done', retries: retries.length }),
        (thrown: unknown) => {
          expect(thrown).toBeInstanceOf(Problem);
          return { code: (thrown as Problem).code, retries: 0 };
        },
      );
      await proxy.close();
      const state = await stateOf(target, before, whole);
      if (trials.leaves && state === 'unchanged')
        await cloned(contextOf(source.url, target.url), { swap: true, dropOld: true });
      const [kept] = await leftOf(target, server);
      // What is kept is what was there before.
      if (kept !== undefined) expect((await wholeOf(server.socket(kept))).digests).toEqual(before.digests);
      expect((await dropLeft(target, server)).length).toBe(swap && state === 'complete' ? 1 : 0);
      if (outcome.code === 'done') expect(state).toBe('complete');
      if (!proxy.struck()) return false;
      tried++;
      count(`${outcome.code}${outcome.retries > 0 ? ' after a retry' : ''}, ${state}`);
      return true;
    });
  const told = [...found].map(([key, times]) => `${key}: ${times}`).join('; ');
  process.stdout.write(`${tried} trials: ${what}: ${told}\n`);
  expect(tried).toBeGreaterThan(1);
  return found;
}
