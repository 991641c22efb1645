// Input that a sync cannot take: each is a Problem with a hint that names it, and the target is unchanged.
import { expect, test } from 'vitest';
import type { DataSyncInput } from '../../lib/commands/data-sync.ts';
import type { DataConfig } from '../../lib/config/data.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { type SyncedPair, withSynced } from './syncing.ts';

interface Refused {
  readonly source: string;
  readonly target: string;
  readonly input?: DataSyncInput;
  readonly data?: DataConfig;
  readonly code: string;
  /** Parts of the message. */
  readonly names: readonly string[];
  /** False if only the server finds it while it changes rows. */
  readonly isEarly?: boolean;
}

const rows = `insert into t select n, 'row ' || n from generate_series(1, 20) n`;
const plain = `create table t (id int primary key, v text); ${rows}`;

const refusals: Readonly<Record<string, Refused>> = {
  'a row that a trigger of the target refuses': {
    source: plain,
    target: `create table t (id int primary key, v text); create function refuse() returns trigger language plpgsql
      as $$ begin raise exception 'no row %', new.id; end $$;
      create trigger refuse before insert on t for each row execute function refuse()`,
    input: { triggers: 'on' },
    code: 'rows_refused',
    names: ['no row ', 'function refuse() line 1 at RAISE'],
    isEarly: false,
  },
  'a number that the target has no room for': {
    source: 'create table t (id bigint primary key); insert into t values (1), (3000000000)',
    target: 'create table t (id int primary key)',
    code: 'sync_refused',
    names: ['public.t.id', '3000000000'],
  },
  'a text that is too long': {
    source: `create table t (id int primary key, v text); insert into t values (1, 'short'), (2, 'much too long')`,
    target: 'create table t (id int primary key, v varchar(5))',
    code: 'sync_refused',
    names: ['public.t.v', 'much too long'],
  },
  'a text that is not a uuid': {
    source: `create table t (id int primary key, v text); insert into t values (1, 'no uuid')`,
    target: 'create table t (id int primary key, v uuid)',
    code: 'sync_refused',
    names: ['public.t.v'],
  },
  'a label that the target does not have': {
    source: `create type mood as enum ('ok', 'new'); create table t (id int primary key, v mood); insert into t values (1, 'new')`,
    target: `create type mood as enum ('ok'); create table t (id int primary key, v mood)`,
    code: 'sync_refused',
    names: ['public.t.v', 'new'],
  },
  'a null where the target wants a value': {
    source: `create table t (id int primary key, v text); insert into t values (1, null)`,
    target: 'create table t (id int primary key, v text not null)',
    code: 'rows_refused',
    names: ['"v"', '"t"'],
    isEarly: false,
  },
  'a mask that matches no column': {
    source: plain,
    target: plain,
    input: { mask: ['t.vv=@hash'] },
    code: 'bad_mask',
    names: ['t.vv'],
  },
  'a mask of another type than its column': {
    source: `create table t (id int primary key, v int); insert into t values (1, 1)`,
    target: 'create table t (id int primary key, v int)',
    input: { mask: [`t.v='text'`] },
    code: 'bad_mask',
    names: ['t.v'],
  },
  'a mask that some value does not fit': {
    source: `create table t (id int primary key, v text); insert into t values (1, '1'), (2, 'two')`,
    target: 'create table t (id int primary key, v text)',
    input: { mask: ['t.v=(v::int + 1)::text'] },
    code: 'bad_mask',
    names: ['public.t.v', '"two"'],
  },
  'a configured expression that some value does not fit': {
    source: `create table t (id int primary key, v text); insert into t values (1, '1'), (2, 'two')`,
    target: 'create table t (id int primary key, n int, v text)',
    data: { tables: { t: { columns: { n: 'v::int' } } } },
    code: 'bad_config',
    names: ["data.tables['public.t'].columns.n", '"two"'],
  },
  'a configured column that the target does not have': {
    source: plain,
    target: plain,
    data: { tables: { t: { columns: { vv: 'lower(v)' } } } },
    code: 'bad_config',
    names: ['vv', 'Did you mean v or id?'],
  },
  'a configured expression of another type': {
    source: `create table t (id int primary key, v int); insert into t values (1, 1)`,
    target: 'create table t (id int primary key, v int)',
    data: { tables: { t: { columns: { v: `'x' || v` } } } },
    code: 'bad_config',
    names: ["data.tables['public.t'].columns.v"],
  },
  'a configured key that two rows have': {
    source: `create table t (a int, v text); insert into t values (1, 'x'), (1, 'y')`,
    target: 'create table t (a int, v text)',
    data: { keys: { t: ['a'] } },
    code: 'ambiguous_key',
    names: ['public.t', '(a): 1'],
  },
  'ids for a table without a primary key': {
    source: 'create table t (id int, v text); insert into t values (1)',
    target: 'create table t (id uuid, old int, v text)',
    data: { tables: { t: { ids: { column: 'old' } } } },
    code: 'bad_config',
    names: ['primary key', 'public.t'],
  },
  'an integer key where the target has a UUID': {
    source: plain,
    target: 'create table t (id uuid primary key, v text)',
    code: 'sync_refused',
    names: ['public.t.id', 'ids'],
  },
  'a check of the target that a row does not pass': {
    source: `${plain}; insert into t values (99, 'bad')`,
    target: `create table t (id int primary key, v text constraint good check (v <> 'bad')); ${rows}`,
    code: 'rows_refused',
    names: ['good'],
    isEarly: false,
  },
  'a unique value of the target alone that two rows have': {
    source: `${plain}; insert into t values (99, 'row 1')`,
    target: `create table t (id int primary key, v text unique); ${rows}`,
    code: 'rows_refused',
    names: ['t_v_key'],
    isEarly: false,
  },
  'a foreign key of the target alone that a row does not keep': {
    source: `create table t (id int primary key, p int); insert into t values (1, 7)`,
    target: 'create table p (id int primary key); create table t (id int primary key, p int references p)',
    code: 'rows_refused',
    names: ['t_p_fkey'],
    isEarly: false,
  },
};

const state = `select to_regclass('pgmage.data_runs')::text as runs, (select json_agg(t) from t) as rows`;

async function expectRefused({ target, sync }: SyncedPair, { code, names, isEarly = true }: Refused) {
  const [before] = await rowsOf(target.url, state);
  const problem = await failure(sync());
  expect({ code: problem.code, message: problem.message }).toMatchObject({ code });
  for (const name of names) expect(`${problem.message}\n${JSON.stringify(problem.data)}`).toContain(name);
  expect(problem.hint).toBeTruthy();
  const [after] = await rowsOf(target.url, state);
  expect(after?.rows).toEqual(before?.rows);
  // What is known early leaves no trace at all.
  expect(after?.runs).toBe(isEarly ? null : 'pgmage.data_runs');
}

test.each(Object.entries(refusals))('%s', async (_, refused) => {
  const { source, target, input, data } = refused;
  await withSynced({ source, target, ...(input && { input }), ...(data && { data }) }, (pair) =>
    expectRefused(pair, refused),
  );
});

test('code of the owners of tables of several owners', async () => {
  const [one, two] = [`one_${process.pid}`, `two_${process.pid}`];
  const both = `create table p (id int primary key, v text);
    create table t (id int primary key, p int references p, v text)`;
  const target = `create role ${one}; create role ${two}; grant usage, create on schema public to ${one}, ${two};
    create function allowed(text) returns bool language plpgsql as 'begin return true; end';
    alter function allowed owner to ${one};
    alter table p add check (allowed(v)); alter table p owner to ${one}; alter table t owner to ${two};
    grant references, select on p to ${two}`;
  const source = `insert into p values (1, 'x'); insert into t values (1, 1, 'x')`;
  await withSynced({ both, source, target }, async (pair) => {
    try {
      await expectRefused(pair, {
        source,
        target,
        code: 'sync_refused',
        names: ['public.p calls code of its owner', 'public.t'],
        isEarly: false,
      });
      // One owner is enough for both.
      await rowsOf(pair.target.url, `alter table t owner to ${one}`);
      expect((await pair.sync()).run).toMatchObject({ inserted: 2, skipped: 0 });
    } finally {
      await rowsOf(
        pair.target.url,
        `drop owned by ${one}, ${two} cascade; drop role ${one}; drop role ${two}`,
      );
    }
  });
});
