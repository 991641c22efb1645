// Rows as a stream: all of them or none, in bounded memory, whichever end fails.
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServerConnection } from '../../lib/pg/connection.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

let database: Database;
let from: ServerConnection;
let to: ServerConnection;

beforeEach(async () => {
  database = await freshDatabase(anyServer());
  const open = () => userSession({ url: database.url, applicationName: 'pgmage tests' });
  [from, to] = [await open(), await open()];
  await to.execute('create table t (id int, filler text)');
});
afterEach(async () => {
  await Promise.all([from.close(), to.close()]);
  await database.drop();
});

const rows = (count: number, filler = "repeat('x', id % 300)") =>
  `copy (select id, ${filler} from generate_series(1, ${count}) id) to stdout`;
const into = 'copy t from stdin';
const contents = () =>
  rowsOf(database.url, 'select count(*)::int, sum(id)::text, sum(length(filler))::text from t');

test('rows go from one session to another, of every size, and both go on afterwards', async () => {
  expect(await to.copyIn(into, from.copyOut(rows(200_000)))).toBe(200_000);
  const sizes = '(array[0, 1, 70000, 3000000])[id]';
  expect(await to.copyIn(into, from.copyOut(rows(4, `repeat('ü', ${sizes})`)))).toBe(4);
  expect(await to.copyIn(into, from.copyOut(rows(0)))).toBe(0);
  const wanted = await from.rows(`select count(*)::int, sum(id)::text, sum(length(filler))::text
    from (select id, repeat('x', id % 300) as filler from generate_series(1, 200000) id
      union all select id, repeat('ü', ${sizes}) from generate_series(1, 4) id) t`);
  expect(await contents()).toEqual(wanted);
  expect(await from.rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('binary rows and notices between rows come through', async () => {
  await from.execute(`create function told(int) returns int language plpgsql as $$begin
    if $1 % 1000 = 0 then raise notice '%', $1; end if; return $1; end$$`);
  const select = `copy (select told(id), repeat('x', id % 300) from generate_series(1,
    5000) id) to stdout (format binary)`;
  expect(await to.copyIn('copy t from stdin (format binary)', from.copyOut(select))).toBe(5000);
  expect(from.notices.map(({ message }) => message)).toEqual(['1000', '2000', '3000', '4000', '5000']);
});

test('whoever takes slowly is not sent more than a little ahead', async () => {
  let [pieces, bytes, most] = [0, 0, 0];
  const before = process.memoryUsage.rss();
  for await (const piece of from.copyOut(rows(400_000, "repeat('x', 250)"))) {
    bytes += piece.length;
    if (pieces++ % 50 === 0) await setTimeout(5);
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  expect(bytes).toBeGreaterThan(100_000_000);
  expect(most).toBeLessThan(80_000_000);
});

test('an error after many rows is thrown, and nothing is kept', async () => {
  const thrown = await failure(to.copyIn(into, from.copyOut(rows(50_000, '1 / (50000 - id)'))));
  expect(thrown).toMatchObject({ code: 'invalid_sql', data: { message: 'division by zero' } });
  expect(await contents()).toMatchObject([{ count: 0 }]);
  expect(await from.rows('select 1 as one')).toEqual([{ one: 1 }]);
  expect(await to.rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('a row that is refused ends it at once, and closes the session that gave it', async () => {
  await to.execute('alter table t add check (id < 1000)');
  const thrown = await failure(to.copyIn(into, from.copyOut(rows(3_000_000))));
  expect(thrown).toMatchObject({ code: 'statement_failed', data: { sqlstate: '23514' } });
  expect(await contents()).toMatchObject([{ count: 0 }]);
  expect(await to.rows('select 1 as one')).toEqual([{ one: 1 }]);
  expect((await failure(from.rows('select 1'))).code).toBe('connection_lost');
});

test('a statement that is refused reads nothing', async () => {
  const refused = await failure(to.copyIn('copy missing from stdin', from.copyOut(rows(10))));
  expect(refused.code).toBe('missing_relation');
  expect(await from.rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test.each([
  ['that gives', () => from],
  ['that takes', () => to],
] as const)('the session %s is terminated: nothing is kept', async (_, session) => {
  const [me] = await session().rows<{ pid: number }>('select pg_backend_pid() as pid');
  const striking = async function* () {
    let pieces = 0;
    for await (const piece of from.copyOut(rows(3_000_000))) {
      yield piece;
      if (pieces++ === 20) await rowsOf(database.socket, `select pg_terminate_backend(${me?.pid})`);
    }
  };
  expect((await failure(to.copyIn(into, striking()))).code).toBe('connection_lost');
  expect(await contents()).toMatchObject([{ count: 0 }]);
});
