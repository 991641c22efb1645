// What a session does: rows as they are stored, batches in one state of the database, errors with their
// place.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../lib/pg/connect.ts';
import type { ServerConnection } from '../../lib/pg/connection.ts';
import { buildOpening, buildUnpin, queryPinned } from '../../lib/pg/pinned.ts';
import { locateProblem } from '../../lib/pg/server-problem.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { transaction } from '../../lib/pg/transaction.ts';
import { format } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

const applicationName = 'pgmage test';
let database: Database;
let connection: ServerConnection;

beforeAll(async () => {
  database = await freshDatabase(anyServer());
  connection = await userSession({ url: database.url, name: 'prod', applicationName });
});
afterAll(async () => {
  await connection.close();
  await database.drop();
});

test('values come without loss: large numbers and times as text, json parsed', async () => {
  const sql = `select 9007199254740993::int8 as big, 1.10::numeric as exact, 7 as small, 0.1::float8 as float,
    true as yes, null as nothing, '{"a":[1]}'::json as json, '[{"b":2}]'::jsonb as jsonb, $1::text as given,
    array['a', 'b,c']::text[] as texts, array['n']::name[] as names, timestamp '2020-01-02 03:04:05.123456'
    as time`;
  expect(await connection.rows(sql, ["it's"])).toEqual([
    {
      big: '9007199254740993',
      exact: '1.10',
      small: 7,
      float: 0.1,
      yes: true,
      nothing: null,
      json: { a: [1] },
      jsonb: [{ b: 2 }],
      given: "it's",
      texts: ['a', 'b,c'],
      names: ['n'],
      time: '2020-01-02 03:04:05.123456',
    },
  ]);
});

test('a batch gives the rows of each query, whatever it ends in', async () => {
  const queries = [
    'select 1 as a -- one',
    'select 2 as b where false',
    'select 3 as c;',
    'select 4 as d union select 5',
  ];
  expect(await connection.batch(queries)).toEqual([[{ a: 1 }], [], [{ c: 3 }], [{ d: 4 }, { d: 5 }]]);
  expect(await connection.batch([])).toEqual([]);
  expect(await connection.batch(['select 1 as a'])).toEqual([[{ a: 1 }]]);
});

test('a stream hands over one value of each query, in order, and throws on what its taker throws', async () => {
  const taken: unknown[] = [];
  const queries = [`select '[1]'::json -- one`, 'select 2', `select 'three'`];
  await connection.stream(queries, (value, index) => taken.push([index, value]));
  expect(taken).toEqual([
    [0, [1]],
    [1, 2],
    [2, 'three'],
  ]);
  const spoilt = connection.stream(queries, (_, index) => {
    if (index === 1) throw new RangeError('enough');
  });
  await expect(spoilt).rejects.toThrow(RangeError);
  const problem = await failure(connection.stream(['select 1', 'select * from nowhere'], () => {}));
  expect(problem.code).toBe('missing_relation');
  expect(await connection.rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('notices are kept, not printed', async () => {
  await connection.execute('drop table if exists nowhere');
  expect(connection.notices).toContainEqual(
    expect.objectContaining({ severity: 'NOTICE', sqlstate: '00000' }),
  );
});

test('a snapshot reads one state, read only, with names qualified, and leaves the session as it was', async () => {
  const state = `select current_setting('transaction_isolation') as level,
    current_setting('transaction_read_only') as only,
    current_setting('search_path') as path, current_setting('TimeZone') as zone`;
  const before = await connection.rows('show search_path');
  const inside = { level: 'repeatable read', only: 'on', path: 'pg_catalog, pg_temp', zone: 'UTC' };
  expect(await snapshot(connection, (held) => held.rows(state))).toEqual([inside]);
  expect(await connection.rows('show search_path')).toEqual(before);
});

test('a session is pinned by its first message, transactions again, and keeps the path that it was set to', async () => {
  await withDatabase(anyServer(), async ({ name, url }) => {
    await query(
      url,
      `create schema hh; alter database ${name} set search_path = hh, pg_catalog;
       alter database ${name} set standard_conforming_strings = off`,
    );
    const session = await connect({ url, applicationName });
    const path = `select current_setting('search_path') as path,
      current_setting('standard_conforming_strings') as strings`;
    const pins = { path: 'pg_catalog, pg_temp', strings: 'on' };
    expect([session.searchPath, await session.rows(path)]).toEqual(['hh, pg_catalog', [pins]]);
    await session.execute(buildUnpin('session'));
    expect(await session.rows(path)).toEqual([{ path: 'hh, pg_catalog', strings: 'off' }]);
    expect(await transaction(session, (held) => held.rows(path))).toEqual([pins]);
    expect(await queryPinned(session, path)).toEqual([pins]);
    await session.close();
  });
});

test('behind a pooler, whose sessions serve others, nothing outlives the first message', async () => {
  const client = await userSession({ url: database.url, applicationName });
  const path = (await client.rows<{ search_path: string }>('show search_path'))[0]?.search_path;
  const told = (client.backend ?? 0) + 1;
  expect(await client.rows(buildOpening(told))).toMatchObject([{ path }]);
  expect(await client.rows('show search_path')).toEqual([{ search_path: path }]);
  await client.rows(buildOpening(client.backend));
  expect(await client.rows('show search_path')).toEqual([{ search_path: 'pg_catalog, pg_temp' }]);
  await client.close();
});

test('a snapshot does not see what others commit meanwhile', async () => {
  await connection.execute('create table seen (id int)');
  const other = await userSession({ url: database.url, applicationName });
  const count = 'select count(*) from public.seen';
  const counts = await snapshot(connection, async (held) => {
    const first = await held.rows(count);
    await other.execute('insert into seen values (1)');
    return [first, await held.rows(count)];
  });
  expect(counts).toEqual([[{ count: '0' }], [{ count: '0' }]]);
  await other.close();
});

test('a snapshot that fails leaves no transaction behind', async () => {
  const problem = await failure(
    snapshot(connection, (held) => held.batch(['select 1', 'select * from nowhere'])),
  );
  expect(problem.code).toBe('missing_relation');
  expect(await connection.rows('select pg_current_xact_id_if_assigned() as id')).toEqual([{ id: null }]);
  await failure(snapshot(connection, (held) => held.execute('create table t (id int)')));
  await connection.execute('create table written (id int); drop table written');
});

test('a transaction is all or nothing, also when its work hides that a statement failed', async () => {
  const rows = () => connection.rows(`select to_regclass('public.half')::text as half`);
  const failed = transaction(connection, async (held) => {
    await held.execute('create table public.half (id int)');
    throw new Error('stopped');
  });
  expect((await failure(failed)).code).toBe('internal');
  const hidden = transaction(connection, async (held) => {
    await held.execute('create table public.half (id int)');
    await held.execute('nonsense').catch(() => undefined);
  });
  expect((await failure(hidden)).code).toBe('statement_failed');
  expect(await rows()).toEqual([{ half: null }]);
  expect(await transaction(connection, (held) => held.rows('select 1 as one'))).toEqual([{ one: 1 }]);
});

// Each: what is sent, what it is called, and the text at which line and column point.
const faults = [
  ['create tabel t (id int);', 'invalid_sql', 'tabel'],
  ["select '😀', * from nowhere;", 'missing_relation', 'nowhere'],
  ['create table t (id nothing);', 'missing_object', 'nothing'],
  ['create view v as select nothing from pg_class;', 'missing_object', 'nothing'],
  ['select nothing();', 'missing_object', 'nothing'],
  ['create table nothing.t (id int);', 'missing_object', 'nothing.t'],
  ['create extension nothing;', 'missing_extension', 'create'],
  ['grant pg_monitor to nobody_here;', 'missing_role', 'grant'],
  ['create schema s authorization nobody_here;', 'missing_role', 'create'],
  ['alter schema public owner to nobody_here;', 'missing_role', 'alter'],
  ["create table t (id int default 'x');", 'invalid_sql', "'x'"],
] as const;

for (const server of servers())
  test(`PostgreSQL ${server.major}: refused statements have a code and a place in the user's file`, async () => {
    const session = await userSession({ url: server.url(), applicationName });
    for (const [statement, code, at] of faults) {
      const before = '-- Ünïcode 🐘\r\ncreate table a ();\r\n';
      const piece = ` -- why\r\n\t${statement}`;
      const problem = await failure(session.execute(piece));
      const located = locateProblem(problem, {
        file: 'schema.sql',
        text: `${before}${piece}\r\nselect 1;`,
        offset: before.length,
      });
      expect([statement, located.code]).toEqual([statement, code]);
      const where = located.where;
      expect(where).toMatchObject({ file: 'schema.sql', line: 4, text: `\t${statement}` });
      const [...characters] = where?.text ?? '';
      expect(characters.slice((where?.column ?? 0) - 1).join('')).toMatch(
        new RegExp(`^${at.replace(/[()]/g, '\\$&')}`),
      );
      expect(located.message).toContain('Invalid SQL in schema.sql at line 4: ');
    }
    await session.close();
  });

test('a refusal keeps what the server said, without passwords', async () => {
  const problem = await failure(connection.execute(`create role r password 'hush' nonsense`));
  expect(problem.data).toMatchObject({ sqlstate: '42601', message: expect.stringContaining('nonsense') });
  expect(problem.message).toMatch(/^Invalid SQL: /);
  const sql = `create table t (id int); do $$ begin execute 'select * from nowhere where password=hush'; end
    $$`;
  const inside = await failure(connection.execute(sql));
  expect(inside.code).toBe('missing_relation');
  expect((inside.data as { context: string }).context).toContain('inline_code_block');
  expect(format(inside) + JSON.stringify(inside)).not.toContain('hush');
});

test('a permission denied on a catalog names the environment', async () => {
  await connection.execute('create role visitor; set role visitor');
  const problem = await failure(snapshot(connection, (held) => held.rows('select * from pg_authid')));
  await connection.execute('reset role; drop role visitor');
  expect(problem).toMatchObject({
    code: 'permission_denied',
    exitCode: 1,
    message: expect.stringMatching(/^prod: /),
  });
});

test('waiting for a lock ends, and says so', async () => {
  const other = await userSession({ url: database.url, applicationName });
  await other.execute('create table held (id int)');
  await other.execute('begin; lock table held');
  const problem = await failure(connection.execute(`set lock_timeout = '50ms'; select * from held`));
  expect(problem.code).toBe('lock_timeout');
  const slow = await failure(connection.execute(`set statement_timeout = '50ms'; select pg_sleep(5)`));
  expect(slow.code).toBe('statement_timeout');
  await other.close();
});

test('a session that is lost is a Problem at the next statement, not the end of the process', async () => {
  const victim = await userSession({ url: database.url, name: 'prod', applicationName });
  const [row] = await victim.rows<{ pid: number }>('select pg_backend_pid() as pid');
  const running = failure(victim.rows('select pg_sleep(30)'));
  await connection.rows('select pg_terminate_backend($1)', [row?.pid]);
  expect(await running).toMatchObject({ code: 'connection_lost', message: 'Lost the connection to prod' });
  expect((await failure(victim.rows('select 1'))).code).toBe('connection_lost');
  await victim.close();
});

test.each(servers().map((server) => [server.major, server] as const))(
  'PostgreSQL %i: the snapshot of a session that is gone is a lost connection',
  async (_, server) => {
    const own = await freshDatabase(server);
    const open = () => userSession({ url: own.url, name: 'prod', applicationName });
    const [first, second] = [await open(), await open()];
    await first.execute('begin isolation level repeatable read');
    const [row] = await first.rows<{ id: string }>('select pg_export_snapshot() as id');
    await first.execute('rollback');
    await second.execute('begin isolation level repeatable read');
    const problem = await failure(second.execute(`set transaction snapshot '${row?.id}'`));
    expect(problem.code).toBe('connection_lost');
    await Promise.all([first.close(), second.close()]);
    await own.drop();
  },
);
