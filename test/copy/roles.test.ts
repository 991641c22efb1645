// Whoever owns a database can clone it, without being a superuser; whoever may not see all rows cannot.
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { difference } from '../../lib/commands/diff.ts';
import { restore } from '../../lib/commands/restore.ts';
import { backupProject, dumpable } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase, rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import type { Server } from '../servers/server.ts';
import { cloned, contextOf, wholeOf } from './cloning.ts';

const schema = `
  create schema shop; create type shop.mood as enum ('glad'); create domain shop.small as int check (value <
  10);
  create table shop.users (id int generated always as identity primary key, mood shop.mood, n shop.small);
  insert into shop.users (mood, n) values ('glad', 1), (null, 2);
  create table notes (id serial primary key, by int references shop.users); insert into notes (by) values (1);
  create extension pg_trgm; create index on notes (by); create view seen as select * from notes;
  create materialized view many as select count(*) from notes;
  create function touch() returns trigger language plpgsql as $$begin return new; end$$;
  create trigger touch before update on notes for each row execute function touch();
  alter table notes enable row level security; create policy own on notes using (by = 1);
  alter default privileges in schema shop grant select on tables to public;
  grant select on notes to public; revoke insert on notes from current_user; comment on table notes is 'what';
  select lo_from_bytea(7, 'x')`;

async function withOwner<T>(
  server: Server,
  use: (source: Database, target: Database, role: string) => Promise<T>,
) {
  const role = `owner_${process.pid}`;
  await rowsOf(server.socket(), `create role ${role} login password 'x'`);
  try {
    return await withDatabase(server, (source) =>
      withDatabase(server, async (target) => {
        for (const { name } of [source, target])
          await rowsOf(server.socket(), `alter database ${name} owner to ${role}`);
        return use(source, target, role);
      }),
    );
  } finally {
    await rowsOf(server.socket(), `drop role ${role}`);
  }
}

const as = (role: string, { url }: Database) => {
  const other = new URL(url);
  other.username = role;
  other.password = 'x';
  return other.href;
};

test.each(servers())('the owner of two databases clones one over the other: $major', async (server) => {
  await withOwner(server, async (source, target, role) => {
    await rowsOf(as(role, source), schema);
    const context = contextOf(as(role, source), as(role, target));
    for (let time = 0; time < 2; time++) {
      const { done } = await cloned(context);
      expect(done).toMatchObject({ left: [], notes: [], largeObjects: 1 });
      expect((await wholeOf(target.socket)).digests).toEqual((await wholeOf(source.socket)).digests);
    }
    const owners = `select distinct relowner::regrole::text as owner from pg_class where oid >= 16384
      and relnamespace in (select oid from pg_namespace where nspname in ('public', 'shop'))`;
    expect(await rowsOf(target.socket, owners)).toEqual([{ owner: role }]);
  });
});

test.each(servers())('tables whose owner obeys policies, too: $major', async (server) => {
  await withOwner(server, async (source, target, role) => {
    await rowsOf(as(role, source), `${schema}; alter table notes force row level security`);
    const context = contextOf(as(role, source), as(role, target));
    // It may not read what the policies hide from it, and is not given less.
    const thrown = await failure(cloned(context));
    expect(thrown).toMatchObject({ data: { sqlstate: '42501' } });
    expect(thrown.message).toContain('row-level security');
    expect(await rowsOf(target.socket, `select to_regclass('notes') as notes`)).toEqual([{ notes: null }]);
  });
});

test.each(servers())('and their backups: an error, and no backup with fewer rows: $major', async (server) => {
  await withOwner(server, async (source, target, role) => {
    await rowsOf(as(role, source), `${schema}; alter table notes force row level security`);
    const own = backupProject({ prod: as(role, source), all: source.socket, copy: as(role, target) });
    const refused = await failure(backup(own.context, { format: 'native' }));
    expect([refused.code, refused.message]).toEqual([
      'permission_denied',
      'prod: row-level security policies hide rows of public.notes',
    ]);
    expect(refused.hint).toContain(`ALTER ROLE ${role} BYPASSRLS;`);
    expect(readdirSync(own.folder)).toEqual([]);
    // Whoever sees all rows makes one; whoever may not write them all gets none.
    const { file, rows } = await backup(own.context, { format: 'native', env: 'all' });
    expect(rows).toBe(3);
    const before = await wholeOf(target.socket);
    const input = { to: 'copy', yes: true, force: true };
    await failure(restore(own.context, file, input, undefined)).then((problem) =>
      expect(problem.message).toContain('row-level security'),
    );
    const thrown = await failure(cloned(contextOf(source.socket, as(role, target))));
    expect(thrown.message).toContain('row-level security');
    expect(await wholeOf(target.socket)).toEqual(before);
    own.drop();
  });
});

test.each(servers())(
  'a role that may read one table clones that one, and compares: $major',
  async (server) => {
    await withOwner(server, async (source, target, role) => {
      await rowsOf(
        source.socket,
        `create table a (id int generated always as identity primary key, n int); insert into a (n)
          values (1), (2);
        create table b (n int); create table p (k int) partition by list (k); create schema priv; create table
        priv.c (n int);
        create materialized view priv.m as select 1 as a; create sequence priv.q; grant select on a,
        a_id_seq to ${role}`,
      );
      const context = contextOf(as(role, source), as(role, target));
      const { done } = await cloned(context, { tables: ['a'], noOwner: true });
      expect(done?.tables).toEqual([{ name: 'public.a', rows: 2 }]);
      expect((await failure(cloned(context, { noOwner: true, force: true }))).code).toBe('permission_denied');
      // What a statement costs is said of tables, too, that the role may not see.
      const { cautions } = await difference(context, { from: as(role, source), to: 'empty' });
      expect(cautions.map(({ table }) => table?.name)).toContain('priv.c');
    });
  },
);

// Each function fails where it runs as anybody but the owner of what it is used for.
const watchful = (owner: string) => `
  create function watch(v anyelement, what text) returns anyelement language plpgsql immutable as
    $f$ begin if current_user <> '${owner}' then raise '% runs as %', what,
    current_user; end if; return v; end $f$;
  create domain small as int check (public.watch(value, 'domain check') < 100);
  create table a (id serial primary key, n int, d small, g int generated always as (public.watch(n,
  'generated column')) stored,
    constraint fits check (public.watch(n, 'check') < 100));
  insert into a (n, d) select i, i from generate_series(1, 50) i;
  create index on a (public.watch(n, 'index')); create unique index on a (id) where public.watch(n,
  'partial index') > 0;
  create materialized view m as select public.watch(n, 'materialized view') as n, public.secret() as s from a;
  create index on m (public.watch(n, 'index on a materialized view'));
  create table p (k int, n int check (public.watch(n, 'check of a partition') < 100)) partition by list
  (public.watch(k, 'partition key'));
  create table p1 partition of p for values in (1); insert into p values (1, 1);
  create index on p (public.watch(n, 'partitioned index'));
  create table f (n int check (public.watch(n, 'check under forced row security') < 100)); insert into f
  values (1);
  alter table f enable row level security; alter table f force row level security;
  alter table a add exclude using btree (public.watch(id, 'exclusion') with =);
  revoke insert on a from current_user; refresh materialized view m`;

const engines = [
  ['native', {}],
  ['swap', { swap: true, jobs: 3 }],
  ['data only', { dataOnly: true }],
] as const;

test.each(servers())(
  'what belongs to an owner runs as the owner while a superuser copies it: $major',
  async (server) => {
    await withOwner(server, async (source, target, role) => {
      // What another role lets the owner do is needed to fill the view.
      const lent = `create function secret() returns int language sql stable as 'select 1';
      revoke execute on function secret() from public; grant execute on function secret() to ${role}`;
      await rowsOf(source.socket, lent);
      await rowsOf(as(role, source), watchful(role));
      for (const [name, options] of engines) {
        const copy = cloned(contextOf(source.url, target.url), { force: true, ...options });
        const { done, swapped } = await copy.catch((thrown: Error) =>
          expect.fail(`${name}: ${thrown.message}`),
        );
        if (swapped?.kept) await rowsOf(server.socket(), `drop database ${swapped.kept}`);
        expect(done?.tables).toContainEqual({ name: 'public.a', rows: 50 });
        expect((await wholeOf(target.socket)).digests).toEqual((await wholeOf(source.socket)).digests);
      }
      const own = backupProject({ prod: source.url, copy: target.url });
      const { file } = await backup(own.context, { format: 'native' });
      await restore(own.context, file, { to: 'copy', yes: true, force: true }, undefined);
      expect((await wholeOf(target.socket)).digests).toEqual((await wholeOf(source.socket)).digests);
      expect(
        await rowsOf(target.socket, `select relforcerowsecurity as forced from pg_class where relname = 'f'`),
      ).toEqual([{ forced: true }]);
      own.drop();
    });
  },
);

const dumping = (await dumpable('what the role of pg_dump cannot read')).map(({ major }) => major);

test.each(servers())('a backup names all that its role cannot read at once: $major', async (server) => {
  await withOwner(server, async (source, _target, role) => {
    await rowsOf(
      source.socket,
      `create table a (id serial); create table b (id int); create table seen (id int);
      create table p (id int) partition by range (id); create table p1 partition of p default;
      alter table seen enable row level security; grant select on seen, p1 to ${role};
      create materialized view empty as select 1 as a with no data`,
    );
    const own = backupProject({ prod: as(role, source) });
    const refused = async (engine: 'native' | 'pg_dump') => {
      const { code, message, hint } = await failure(backup(own.context, { engine }));
      expect([code, hint]).toEqual([
        'permission_denied',
        `Let this role read all rows: GRANT pg_read_all_data TO ${role}; ALTER ROLE ${role} BYPASSRLS;` +
          ' Or connect as a superuser.',
      ]);
      return message;
    };
    const hidden = 'row-level security policies hide rows of public.seen';
    expect(await refused('native')).toBe(
      `prod: permission denied for public.a, public.a_id_seq, public.b; ${hidden}`,
    );
    // Only pg_dump locks the parents of partitions.
    if (dumping.includes(server.major))
      expect(await refused('pg_dump')).toBe(
        `prod: permission denied for public.a, public.a_id_seq, public.b, public.p; ${hidden}`,
      );
    await rowsOf(source.socket, `grant pg_read_all_data to ${role}; alter role ${role} bypassrls`);
    expect(await backup(own.context, { engine: 'native' })).toMatchObject({ tables: 4 });
    own.drop();
  });
});

test('extensions that another role made for the target stay, in any version and on a newer server', async () => {
  const [first, last] = [servers()[0] as Server, servers().at(-1) as Server];
  const role = `guest_${process.pid}`;
  const [source, target] = [await freshDatabase(first), await freshDatabase(last)];
  await rowsOf(last.socket(), `create role ${role} login password 'x'`);
  try {
    await rowsOf(last.socket(), `alter database ${target.name} owner to ${role}`);
    await rowsOf(
      source.socket,
      `create extension hstore; create extension pg_trgm; create table t (h hstore);
      insert into t values ('a=>1')`,
    );
    await rowsOf(
      target.socket,
      `create extension hstore; create extension pg_trgm version '1.3';
      alter schema public owner to ${role}`,
    );
    const { done } = await cloned(contextOf(source.socket, as(role, target)), { noOwner: true });
    expect(done?.tables).toEqual([{ name: 'public.t', rows: 1 }]);
    const versions = await rowsOf(
      target.socket,
      `select extname, extversion from pg_extension where extname = 'pg_trgm'`,
    );
    expect(versions).toEqual([{ extname: 'pg_trgm', extversion: '1.3' }]);
  } finally {
    await target.drop();
    await source.drop();
    await rowsOf(last.socket(), `drop role ${role}`);
  }
});
