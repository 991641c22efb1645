// Tablespaces belong to a server. The shadow gets those that the statements name, so a schema that uses them
// loads, compares and is tried out there.
import { rmSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pull } from '../../lib/commands/pull.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import { refuseMissingTablespaces } from '../../lib/migrate/missing-tablespaces.ts';
import { replay } from '../../lib/project/shadow-catalog.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const fast = `fast_${process.pid}`;
const slow = `"Slow ${process.pid}"`;
const run = async (statements: readonly string[]) => {
  const client = new pg.Client(anyServer().socket());
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
};
let cache: string;

beforeAll(async () => {
  cache = await freshCache();
  const make = [fast, slow].map((name) => `create tablespace ${name} location ''`);
  await run(['set allow_in_place_tablespaces = on', ...make]);
});
afterAll(async () => {
  await run([fast, slow].map((name) => `drop tablespace ${name}`));
  rmSync(cache, { recursive: true });
});

const schema = `create table a (id int primary key using index tablespace ${slow}, t text) tablespace ${fast};
  create index a_t on a (t) tablespace ${slow} where t is not null;
  create table p (id int) partition by range (id);
  create table p1 partition of p for values from (0) to (9) tablespace ${fast};
  create index p_id on p (id) tablespace ${fast};
  create materialized view m with (fillfactor = 90) tablespace ${fast} as select id from a;`;

test('a database with tablespaces is adopted, changed and changed back', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      await rowsOf(url, schema);
      await pull(own.context, {}, undefined);
      expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
      const pulled = own.read('../schema.sql');
      expect(pulled).toContain(`TABLESPACE ${slow} WHERE (t IS NOT NULL)`);
      expect(pulled).toContain(`(fillfactor = '90') TABLESPACE ${fast} AS`);
      await sync(own.context, { yes: true, baseline: true }, undefined);
      own.want(
        pulled
          .replace(`TABLESPACE ${slow} WHERE`, `TABLESPACE ${fast} WHERE`)
          .replace(`TABLESPACE ${fast} AS`, `TABLESPACE ${slow} AS`),
      );
      const report = await sync(own.context, { yes: true, force: true }, undefined);
      expect(report.applied).toHaveLength(1);
      const place = `select spcname::text as place from pg_class c join pg_tablespace s
        on s.oid = c.reltablespace where relname in ('a_t', 'm') order by relname`;
      const [one, other] = [{ place: fast }, { place: slow.slice(1, -1) }];
      expect(await rowsOf(url, place)).toEqual([one, other]);
      await rollback(own.context, { yes: true, force: true }, undefined);
      expect(await rowsOf(url, place)).toEqual([other, one]);
    }),
  );
});

test('an online migration builds an index at its place at once', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want('create table a (t text);');
      await sync(own.context, { yes: true }, undefined);
      own.want(`create table a (t text); create index a_t on a (t) tablespace ${fast};`);
      await sync(own.context, { yes: true }, undefined);
      const text = own.read(own.files().at(-1) ?? '');
      expect(text).toContain(`INDEX CONCURRENTLY a_t ON public.a USING btree (t) TABLESPACE ${fast};`);
      expect(text).not.toContain('SET TABLESPACE');
    }),
  );
});

test('tablespaces that the target does not have are found before anything is written', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(`create table a (id int primary key using index tablespace "No 1") tablespace no2;
        create table b (id int) tablespace ${fast};`);
      const { code, message, hint } = await failure(sync(own.context, { yes: true }, undefined));
      expect([code, message]).toEqual([
        'missing_tablespaces',
        'local does not have the tablespaces No 1, no2',
      ]);
      expect(hint).toContain(`CREATE TABLESPACE "No 1" LOCATION ''; CREATE TABLESPACE no2 LOCATION '';`);
      expect(() => own.files()).toThrow(/ENOENT/);
      expect(await rowsOf(url, `select to_regclass('b') as b`)).toEqual([{ b: null }]);
    }),
  );
});

// A database whose default tablespace is `fast`.
async function withFastDatabase(use: (url: string) => Promise<void>): Promise<void> {
  await withDatabase(anyServer(), async ({ name, socket, url }) => {
    await rowsOf(socket.replace(name, 'postgres'), `alter database ${name} set tablespace ${fast}`);
    await use(url);
  });
}

const places = `select relname::text as name, s.spcname::text as place from pg_class c
  left join pg_tablespace s on s.oid = c.reltablespace where relname in ('t', 'u', 'm', 't_a',
    't_pkey') order by 1`;

test('the default tablespace of a database is the same by its name', async () => {
  const texts = ['', ` tablespace ${fast}`, ' tablespace pg_default'];
  await withFastDatabase((url) =>
    withProject(url, cache, async (own) => {
      for (const text of [...texts, ...texts]) {
        const index = text && ` using index${text}`;
        own.want(
          `create table t (a int, id int primary key${index})${text}; create index t_a on t (a)${text};
           create materialized view m${text} as select a from t;`,
        );
        await sync(own.context, { yes: true, force: true }, undefined);
        expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
        expect((await sync(own.context, { yes: true }, undefined)).applied).toEqual([]);
      }
      await pull(own.context, { force: true }, undefined);
      expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
    }),
  );
});

test('what leaves a tablespace goes to the default of its database', async () => {
  await withFastDatabase((url) =>
    withProject(url, cache, async (own) => {
      const at = `tablespace ${slow}`;
      await rowsOf(
        url,
        `create table t (a int, id int primary key using index ${at}) ${at};
        create index t_a on t (a) ${at}; create materialized view m ${at} as select a from t;`,
      );
      own.want(`create table t (a int, id int primary key); create index t_a on t (a);
        create materialized view m as select a from t;`);
      const { up } = await compare(own.context, 'local', own.context.project.schema);
      expect(up).toHaveLength(4);
      await rowsOf(url, up.map(({ sql }) => sql).join(';'));
      expect(await rowsOf(url, places)).toEqual(
        ['m', 't', 't_a', 't_pkey'].map((name) => ({ name, place: null })),
      );
      expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
    }),
  );
});

const accepted = {
  'one that is dropped if it exists': 'drop tablespace if exists old',
  'a setting of a role': 'alter role current_user set default_tablespace = later',
  'a setting of a function': `create function f() returns int language sql as 'select 1';
    alter function f set default_tablespace = later`,
  'a table that exists': 'create table t (); create table if not exists t () tablespace later',
  'a table that does not exist': 'alter table if exists missing set tablespace later',
};
const refused = {
  'one that is created too late': `create table t () tablespace later; create tablespace later location ''`,
  'one that a comment creates': '/* create tablespace later */ create table t () tablespace later',
  'one that is dropped': 'drop tablespace later',
  'one that has another name': 'alter tablespace later rename to b; create table t () tablespace b',
  'one that had the name': `create tablespace later location ''; alter tablespace later rename to b;
    create table t () tablespace later`,
  'one under which a body is checked': `create function f() returns int set default_tablespace = later
    language sql as 'select 1'`,
  'a setting of the session': 'set default_tablespace = later',
};

test('only what the server refuses is missing', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const session = await userSession({ url, applicationName: 'pgmage' });
    const check = (text: string) => refuseMissingTablespaces(session, 'prod', [{ file: 'a.sql', text }]);
    for (const sql of Object.values(accepted)) {
      await expect(check(sql), sql).resolves.toBeUndefined();
      await session.execute(`begin; ${sql.startsWith('drop') ? '' : sql}`);
      await session.execute('rollback');
    }
    for (const sql of Object.values(refused))
      expect(await failure(check(sql))).toMatchObject({ data: { tablespaces: ['later'] } });
    const made = `create tablespace a location ''; alter tablespace a rename to b; create table t () tablespace b`;
    await expect(check(made)).resolves.toBeUndefined();
    await session.execute('alter role current_user reset default_tablespace');
    await session.close();
  });
});

test('also where statements need a commit between them, and after each other', async () => {
  await withProject(null, cache, async ({ context }) => {
    const load = (text: string) => replay(context, [{ file: 'a.sql', text }], { inOrder: true });
    const enumerated = await load(`create type e as enum ('a'); alter type e add value 'b';
      create table a (e e default 'b') tablespace first;`);
    expect(enumerated.facts.get('table:public.a')?.payload).toMatchObject({ tablespace: 'first' });
    for (const name of ['first', 'second', 'third']) {
      const { facts } = await load(`set default_tablespace = ${name}; create table a ();`);
      expect(facts.get('table:public.a')?.payload).toMatchObject({ tablespace: name });
    }
  });
});

test('the body of a DO block has its tablespaces, and may do without them', async () => {
  const sql = `do $$ begin
    create table a (id int primary key using index tablespace "No ""1""") tablespace No2;
    execute 'alter table a set tablespace no_3';
    set local default_tablespace = 'no4'; create table b ();
    perform set_config('default_tablespace', '', true);
    if false then create table c () tablespace pg_default; end if; end $$;`;
  expect((await parseSql('a.sql', sql)).tablespaces).toEqual(['No "1"', 'no2', 'no_3', 'no4']);
  await withProject(null, cache, async ({ context }) => {
    const { facts } = await replay(context, [{ file: 'a.sql', text: sql }]);
    const places = ['a', 'b'].map((name) => facts.get(`table:public.${name}`)?.payload.tablespace);
    expect(places).toEqual(['no_3', 'no4']);
  });
  await withDatabase(anyServer(), async ({ url }) => {
    const session = await userSession({ url, applicationName: 'pgmage' });
    await refuseMissingTablespaces(session, 'prod', [{ file: 'a.sql', text: sql }]);
    await session.close();
  });
});

test('the names of tablespaces are found in every statement that has one', async () => {
  const statements = [
    'create table t () tablespace a1',
    'create table t tablespace a2 as select 1',
    'create table t (a int unique using index tablespace a3)',
    'create index on t (a) tablespace a4',
    'alter table t set tablespace a5',
    'alter index i set tablespace a6',
    'alter table all in tablespace a7 set tablespace a8',
    'create materialized view m tablespace a9 as select 1',
    'reindex (tablespace b1) table t',
    `set default_tablespace = 'b2'`,
    `set temp_tablespaces = b3, "B 4"`,
    `create function f() returns int set default_tablespace = b5 language sql return 1`,
    `alter role r set default_tablespace = b6`,
    'alter table t add constraint u unique (a) using index tablespace b7',
    `create tablespace b8 location '/x'`,
    'create table t () tablespace pg_default',
  ];
  const { tablespaces } = await parseSql('a.sql', statements.join(';\n'));
  const all = [
    'a1',
    'a2',
    'a3',
    'a4',
    'a5',
    'a6',
    'a7',
    'a8',
    'a9',
    'b1',
    'b2',
    'b3',
    'B 4',
    'b5',
    'b6',
    'b7',
    'b8',
  ];
  expect(tablespaces).toEqual(all);
});
