// Digests are equal where data is equal, on all server versions, and differ wherever one value does.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Digest, digestRelation, digestRelations, listRelations } from '../../lib/flow/digest.ts';

import { snapshot } from '../../lib/pg/snapshot.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';
import { everything } from './everything.ts';

const applicationName = 'pgmage tests';

async function digest(database: Database, setting = ''): Promise<Digest[]> {
  const connection = await userSession({ url: database.url, applicationName });
  try {
    if (setting !== '') await connection.execute(setting);
    return await snapshot(connection, (held) => digestRelations(held));
  } finally {
    await connection.close();
  }
}

let database: Database;
let before: Digest[];

beforeAll(async () => {
  database = await freshDatabase(anyServer());
  await query(database.url, everything);
  before = await digest(database);
});
afterAll(() => database.drop());

test(
  'every server version gives the same digest for every type, also with other settings and' +
    ' another order',
  async () => {
    for (const server of servers())
      await withDatabase(server, async (other) => {
        await query(other.url, everything);
        expect(await digest(other)).toEqual(before);
        await query(other.url, `update every set id = id; cluster many using many_pkey`);
        const settings = `set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kolkata'; set intervalstyle = 'sql_standard';
        set extra_float_digits = -3; set bytea_output = 'escape'; set search_path = "O'Hara", public`;
        expect(await digest(other, settings)).toEqual(before);
      });
  },
);

test('what holds data is there once, and nothing else', () => {
  expect(before.map(({ kind, name, rows }) => [kind, name, rows])).toEqual([
    ['table', `"O'Hara"."Select"`, 2],
    ['table', 'public.child', 1],
    ['table', 'public.columnless', 2],
    ['table', 'public.every', 4],
    ['sequence', 'public.every_id_seq', 1],
    ['materialized view', 'public.later', 0],
    ['table', 'public.many', 3000],
    ['table', 'public.parent', 1],
    ['table', 'public.part_high', 1],
    ['table', 'public.part_low', 1],
    ['materialized view', 'public.summed', 1],
    ['sequence', 'public.turns', 1],
    ['table', 'public.twice', 2],
    ['table', 'public.volatile', 1],
    ['large objects', '', 2],
  ]);
});

// Each: what is done, and what then differs.
const changes = [
  ['insert into twice values (7)', 'public.twice'],
  ['delete from twice where ctid in (select ctid from twice limit 1)', 'public.twice'],
  ['update twice set n = null where ctid in (select ctid from twice limit 1)', 'public.twice'],
  ['update many set n = n + 1 where id = 2999', 'public.many'],
  ['update many set n = 7 - n where id in (3, 4)', 'public.many'],
  [`update many set filler = case id when 5 then 'a' else 'b' end, n = 0 where id in (5, 6)`, 'public.many'],
  [`update every set texts = '{"a b",NULL,""}' where id = 1`, 'public.every'],
  [`update every set texts = '{"a b","null",""}' where id = 1`, 'public.every'],
  [`update every set word = '' where id = 2`, 'public.every'],
  ['update every set exact = 1.100 where id = 1', 'public.every'],
  ['update every set float = 0.3 where id = 1', 'public.every'],
  [`update every set moment = moment + interval '1 microsecond' where id = 1`, 'public.every'],
  [`update every set document = '{"a":1, "a":1}' where id = 1`, 'public.every'],
  [`insert into columnless default values`, 'public.columnless'],
  ['update only parent set id = 99', 'public.parent'],
  ['update part set id = 3 where id = 2', 'public.part_low'],
  ['update volatile set id = 6', 'public.volatile'],
  [`update "O'Hara"."Select" set "from" = 'y' where "from" = 'x'`, `"O'Hara"."Select"`],
  ['refresh materialized view later', 'public.later'],
  [`select nextval('turns')`, 'public.turns'],
  [`select setval('turns', 40, true)`, 'public.turns'],
  [`select setval('turns', 41, false)`, 'public.turns'],
  [`select lo_put(4711, 2500000, '\\x02')`, ''],
  [`select lo_unlink(4712)`, ''],
  [`select lo_from_bytea(4713, '')`, ''],
] as const;

test.each(changes)('it shows: %s', async (change, name) => {
  const connection = await userSession({ url: database.url, applicationName });
  await connection.execute(`begin; ${change}`);
  const after = await digestRelations(connection);
  await connection.execute('rollback');
  // What is not in transactions is put back.
  await connection.execute(`select setval('turns', 41, true)`);
  await connection.close();
  const changed = after.filter(({ hash }, index) => hash !== before[index]?.hash);
  expect(changed.map((one) => one.name)).toEqual([name]);
  expect(await digest(database)).toEqual(before);
});

test(
  'tables that several processes read side by side have the digests of those read one by one,' +
    ' uncommitted rows too',
  async () => {
    for (const server of servers())
      await withDatabase(server, async (own) => {
        const connection = await userSession({ url: own.url, applicationName });
        const names = Array.from({ length: 70 }, (_, at) => `small_${at}`);
        const tables = names.map(
          (name, at) => `create table ${name} as select n, md5((n + ${at})::text) as text
        from generate_series(1, ${at * 5}) n`,
        );
        await connection.execute(`${everything}; begin; ${tables.join(';')}`);
        const listed = await listRelations(connection);
        const each: Digest[] = [];
        for (const one of listed) each.push(await digestRelation(connection, one));
        expect(each.filter(({ name, rows }) => name.startsWith('public.small_') && rows > 0)).toHaveLength(
          69,
        );
        await connection.execute(`set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0;
        set local min_parallel_table_scan_size = 0; set local max_parallel_workers_per_gather = 2`);
        expect(await digestRelations(connection)).toEqual(each);
        await connection.close();
      });
  },
);

test('rows that a policy hides are an error and no loss', async () => {
  await withDatabase(anyServer(), async (own) => {
    const role = `${own.name}_reader`;
    await query(
      own.url,
      `create table t (id int); insert into t values (1); create role ${role}; grant select on t to ${role};
      alter table t enable row level security`,
    );
    const connection = await userSession({ url: own.url, applicationName });
    await connection.execute(`set role ${role}`);
    expect((await failure(snapshot(connection, (held) => digestRelations(held)))).code).toBe(
      'permission_denied',
    );
    await connection.execute('reset role');
    await connection.close();
    await query(own.url, `drop owned by ${role}; drop role ${role}`);
  });
});

test('of an extension the rows that a user added count, and its own do not', async () => {
  await withDatabase(anyServer(), async (own) => {
    await query(own.url, 'create extension pg_trgm');
    expect(await digest(own)).toEqual([{ kind: 'large objects', name: '', rows: 0, hash: '0' }]);
    // As the script of an extension says it (manual: "Extension Configuration Tables").
    await query(
      own.url,
      `create table config (id int, own bool); create table inner_one (id int); insert into inner_one
        values (1);
      insert into config values (1, false), (2, true); alter extension pg_trgm add table config;
      alter extension pg_trgm add table inner_one;
      update pg_extension set extconfig = array['config'::regclass::oid], extcondition = array['where own']
        where extname = 'pg_trgm'`,
    );
    expect((await digest(own)).map(({ name, rows }) => [name, rows])).toEqual([
      ['public.config', 1],
      ['', 0],
    ]);
  });
});
