// The target is altered, or rights are revoked, in the middle of a sync: the rows are those of the source, or
// as they were.
import { expect, test } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { contextOf } from '../copy/cloning.ts';
import { withPair } from '../copy/ways.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import { proxyTo } from '../servers/proxy.ts';
import { anyServer } from '../servers/running.ts';
import { step } from '../thorough.ts';

const server = anyServer();
const role = `meanwhile_${process.pid}`;
const tables = `create table t (id int primary key, v text, w int default 3);
  insert into t select n, 'v' || n, n from generate_series(1, 60) n`;
const change = `update t set v = 'new ' || id where id <= 9; delete from t where id > 57; insert into t values (101, 'x', 1), (102, 'y', 2)`;
const rights = `grant select, insert, update, delete on t to ${role}; grant usage on schema public to ${role};
  create schema pgmage; grant usage, create on schema pgmage to ${role}`;

interface Meanwhile {
  readonly sql: string;
  /** The rows afterwards; default: of t. */
  readonly rows?: string;
  /** As a role that owns nothing. */
  readonly isPlain?: boolean;
}

const all = 'select id, v, w from t order by id';
const meanwhile: Readonly<Record<string, Meanwhile>> = {
  'the table is renamed': { sql: 'alter table t rename to u', rows: 'select id, v, w from u order by id' },
  'two columns exchange their names': {
    sql: `alter table t rename v to a; alter table t alter w type text; alter table t rename w to v; alter table t rename a to w`,
  },
  'a column is added that needs a value': { sql: 'alter table t add more int not null default 7' },
  'a column is dropped': { sql: 'alter table t drop v', rows: 'select id, w from t order by id' },
  'a type gets shorter': {
    sql: `alter table t alter v type varchar(5) using left(v, 5)`,
    rows: 'select id, w from t order by id',
  },
  'a trigger is made': {
    sql: `create function f() returns trigger language plpgsql as 'begin new.v = ''trigger''; return new; end';
      create trigger f before insert or update on t for each row execute function f()`,
  },
  'another table takes its name': {
    sql: 'alter table t rename to u; create table t (like u including all); insert into t select * from u',
  },
  'the table is emptied and filled again': {
    sql: 'create table x as table t; truncate t; insert into t table x',
  },
  'the right to update is revoked': { sql: `revoke update on t from ${role}`, isPlain: true },
  'the right to read is revoked': { sql: `revoke select on t from ${role}`, isPlain: true },
  'rows are hidden by a policy': {
    sql: 'alter table t enable row level security; create policy few on t using (id < 5)',
    isPlain: true,
  },
};

// A session that has to wait for the sync gives up, and tries at the next request.
async function alter({ socket }: Database, sql: string): Promise<boolean> {
  return rowsOf(socket, `set lock_timeout = 100; begin; ${sql}; commit`).then(
    () => true,
    (thrown: { code?: string }) => {
      if (thrown.code !== '55P03') throw thrown;
      return false;
    },
  );
}

test.each(Object.entries(meanwhile))(
  '%s',
  { timeout: 600_000 },
  async (_, { sql, rows = all, isPlain = false }) => {
    const came = new Map<string, number>();
    await withPair(server, server, async (source, target) => {
      await rowsOf(source.url, `${tables}; ${change}`);
      await rowsOf(server.socket(), `create role ${role} login password 'x'`);
      try {
        for (let at = 2, going = true; going; at += step(17)) {
          await rowsOf(
            target.url,
            `drop schema public cascade; drop schema if exists pgmage cascade; create schema public; drop function if exists f; ${tables}; ${isPlain ? rights : ''}`,
          );
          let isAltered = false;
          const as = new URL(target.url);
          if (isPlain) [as.username, as.password] = [role, 'x'];
          const proxy = await proxyTo(as.href, {
            at,
            moment: 'before',
            do: async () => {
              isAltered = await alter(target, sql);
            },
          });
          const untouched = await rowsOf(target.url, all);
          await using workspace = contextOf(source.url, proxy.url);
          const outcome = await dataSync(
            workspace,
            { from: 'source', to: 'target', yes: true, force: true, strict: true, jobs: 1 },
            undefined,
          ).then(
            () => 'done',
            (thrown: unknown) => {
              expect(thrown).toBeInstanceOf(Problem);
              return (thrown as Problem).code;
            },
          );
          await proxy.close();
          going = proxy.struck();
          const names = (/select (.*) from/.exec(rows)?.[1] ?? '').split(', ');
          const only = (all_: readonly Record<string, unknown>[]) =>
            all_.map((row) => names.map((name) => String(row[name])));
          const now = only(await rowsOf(target.url, isAltered ? rows : all));
          const wanted = only(await rowsOf(source.url, all));
          const key = `${isAltered ? 'altered' : 'not altered'}, ${outcome}`;
          if (going) came.set(key, (came.get(key) ?? 0) + 1);
          if (/exchange/.test(_) && isAltered) continue;
          expect([key, now]).toEqual([key, outcome === 'done' ? wanted : only(untouched)]);
        }
      } finally {
        await rowsOf(target.url, `drop owned by ${role} cascade`);
        await rowsOf(server.socket(), `drop role ${role}`);
      }
    });
    process.stdout.write(`${_}: ${[...came].map(([key, times]) => `${key} ${times}`).join('; ')}\n`);
    expect([...came.keys()].some((key) => key.startsWith('altered'))).toBe(true);
  },
);
