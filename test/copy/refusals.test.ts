// Targets that a clone refuses, and parts that it leaves out on request.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listLacking } from '../../lib/backup/needs.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { restore } from '../../lib/commands/restore.ts';
import { restoreScript } from '../../lib/commands/restore-script.ts';
import type { CloneInput } from '../../lib/copy/options.ts';
import { readBackup } from '../../lib/flow/manifest.ts';
import { prepareLedger } from '../../lib/ledger/tables.ts';
import { backedUp } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { withSession } from '../proof/session.ts';
import { freshDatabase, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { type Server, startServer } from '../servers/server.ts';
import { cloned, contextOf, wholeOf } from './cloning.ts';

test('a target with nothing but its ledger says so, and what --force would cost', async () => {
  const server = anyServer();
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await rowsOf(source.url, 'create table t (a int)');
      await withSession(target.url, prepareLedger);
      const row = (name: string) => `insert into pgmage.audit (migration, direction, checksum, outcome, tool)
        values ('${name}', 'up', '', 'done', 'pgmage')`;
      await rowsOf(target.url, `${row('1_a')}; ${row('2_b')}; create table empty ()`);
      const context = contextOf(source.url, target.url);
      const { code, message, hint } = await failure(cloned(context, { force: false }));
      expect([code, message]).toEqual(['data_loss_refused', expect.stringContaining('Use --force flag')]);
      expect(hint).toBe(
        'Data would be lost by: the record of its migrations, its only rows: pgmage.audit (2 rows).',
      );
      await rowsOf(target.url, 'create table t as select 1 as a');
      const other = await failure(cloned(context, { force: false }));
      expect(other.hint).toBe('Data would be lost by: pgmage.audit (2 rows); public.t (1 row).');
    }),
  );
});

test('the databases of the server itself are targets only with --force', async () => {
  const server = anyServer();
  const scene = await backedUp(server, 'create table t (a int)', { format: 'native' });
  const { context } = scene.own;
  writeFileSync(join(context.project.root, 'backups', 'made.sql'), 'create table t (a int);');
  const file = scene.file.replace('backups/', '');
  try {
    for (const name of ['postgres', 'template1']) {
      scene.urls.dev = server.url(name);
      const into = { to: 'dev', yes: true } as const;
      const refused = await failure(
        cloned(contextOf(scene.database.url, server.url(name)), { force: false }),
      );
      expect([refused.code, refused.message]).toEqual([
        'clone_refused',
        expect.stringContaining(
          `is the database ${name}, which every new database or client relies on: pass`,
        ),
      ]);
      for (const other of [
        await failure(restore(context, file, into, undefined)),
        await failure(restoreScript(context, 'made.sql', into, undefined)),
      ])
        expect([other.code, other.message]).toEqual([
          'unfit_target',
          expect.stringContaining(`it is the database ${name}, which every new database or client relies on`),
        ]);
      expect(await rowsOf(server.url(name), `select to_regclass('public.t') as t`)).toEqual([{ t: null }]);
    }
    // The server lets no session into it.
    const closed = await failure(cloned(contextOf(scene.database.url, server.url('template0'))));
    expect(JSON.stringify(closed)).toContain('not currently accepting connections');
  } finally {
    await scene.drop();
  }
});

/** Two servers, and an extension of the first that the second lacks, with an expression that needs it. */
interface LackedExtension {
  readonly from: Server;
  readonly to: Server;
  readonly name: string;
  readonly create: string;
  readonly use: string;
}

// PostgreSQL 17 no longer has adminpack. Where there are no such two servers, no server has an extension
// whose name was changed in the catalog.
function lackedExtensions(): LackedExtension[] {
  const renamed = {
    ...{ from: anyServer(), to: anyServer(), name: 'withdrawn', use: `levenshtein('a', 'b')` },
    create: `create extension fuzzystrmatch;
      update pg_extension set extname = 'withdrawn' where extname = 'fuzzystrmatch'`,
  };
  const from = servers().find(({ major }) => major < 17);
  const to = servers().find(({ major }) => major >= 17);
  const use = `pg_catalog.pg_file_unlink('none')`;
  return from === undefined || to === undefined
    ? [renamed]
    : [renamed, { from, to, name: 'adminpack', create: 'create extension adminpack', use }];
}

test('with --force, the databases of the server itself are replaced', async () => {
  const own = await startServer(anyServer().major);
  const scene = await backedUp(anyServer(), 'create table t (a int); insert into t values (7)', {
    format: 'native',
  });
  const { context } = scene.own;
  writeFileSync(join(context.project.root, 'backups', 'made.sql'), 'create table t as select 7 as a;');
  const file = scene.file.replace('backups/', '');
  const forced = { to: 'dev', yes: true, force: true } as const;
  try {
    for (const name of ['postgres', 'template1']) {
      const url = own.url(name);
      scene.urls.dev = url;
      const ways = {
        clone: () => cloned(contextOf(scene.database.url, url)),
        restore: () => restore(context, file, forced, undefined),
        script: () => restoreScript(context, 'made.sql', forced, undefined),
      };
      for (const [way, run] of Object.entries(ways)) {
        await rowsOf(url, 'drop table if exists t; create table if not exists gone (a int)');
        await run();
        const [found] = await rowsOf(url, `select (select a from t), to_regclass('gone') as gone`);
        expect([name, way, found]).toEqual([name, way, { a: 7, gone: null }]);
      }
    }
  } finally {
    await scene.drop();
    await own.stop();
  }
});

test('an extension that the target lacks is left out with what needs it, or not needed', async () => {
  for (const { from, to, name, create, use } of lackedExtensions())
    await withDatabase(from, (source) =>
      withDatabase(to, async (target) => {
        await rowsOf(
          source.url,
          `${create}; create view uses_it as select ${use} as a;
           create table plain (a int); insert into plain values (1)`,
        );
        const context = contextOf(source.url, target.url);
        const refused = await failure(cloned(context));
        expect([refused.code, refused.message]).toEqual([
          'clone_refused',
          expect.stringMatching(new RegExp(`does not have ${name}: .*--exclude extension:${name}`)),
        ]);
        const without = await cloned(context, { exclude: [`extension:${name}`] });
        expect(without.done?.left.join()).toContain('VIEW public.uses_it: it depends on an excluded object');
        const some = await cloned(context, { tables: ['plain'] });
        expect(some.done?.tables).toEqual([{ name: 'public.plain', rows: 1 }]);
      }),
    );
});

test('an extension that is left out is no part of the checks', async () => {
  const server = anyServer();
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await rowsOf(source.url, 'create extension hstore; create extension citext; create table t (a citext)');
      const context = contextOf(source.url, target.url);
      const checked = async (input: CloneInput) => {
        const { checks } = await cloned(context, input);
        return checks.find(({ name }) => name === 'extensions');
      };
      const ok = (text: string) => ({ name: 'extensions', outcome: 'ok', text });
      expect(await checked({})).toEqual(ok('citext, hstore'));
      expect(await checked({ exclude: ['extension:hstore'] })).toEqual(ok('citext'));
      expect(await checked({ tables: ['t'] })).toEqual(ok('citext'));
    }),
  );
});

test('roles and extensions that the server of a restore lacks are found before anything is tried', async () => {
  const [server] = servers();
  const roles = [1, 2].map((at) => `restore_role_${at}_${process.pid}`);
  for (const role of roles) await rowsOf((server as Server).url(), `create role ${role}`);
  const scene = await backedUp(
    server as Server,
    `create table t (a int); alter table t owner to ${roles[0]}; create policy p on t to ${roles[1]} using (true)`,
    { format: 'native' },
  );
  const target = await freshDatabase(servers().at(-1) as Server);
  try {
    scene.urls.dev = target.url;
    await scene.database.drop();
    for (const role of roles) await rowsOf((server as Server).url(), `drop role ${role}`);
    const file = scene.file.replace('backups/', '');
    const all = await failure(restore(scene.own.context, file, { to: 'dev', yes: true }, undefined));
    expect([all.code, all.message]).toEqual([
      'unfit_target',
      expect.stringContaining(
        `it does not have the roles ${roles.join(', ')}: create them there, or pass --no`,
      ),
    ]);
    const some = await failure(
      restore(scene.own.context, file, { to: 'dev', yes: true, noOwner: true }, undefined),
    );
    expect(some.message).toContain(`it does not have the roles ${roles[1]}: create them there`);
    const drilled = await failure(verifyBackups(scene.own.context, { drill: true, on: 'dev' }));
    expect([drilled.code, drilled.message]).toEqual([
      'unfit_target',
      expect.stringContaining(`it does not have the roles ${roles.join(', ')}: `),
    ]);
    const { manifest } = await readBackup(scene.path);
    expect(manifest?.needs).toMatchObject({ extensions: [], unowned: [roles[1]] });
    const lacking = await withSession(target.url, (session) =>
      listLacking(
        session,
        { file: 'a.native', needs: { extensions: ['plpgsql', 'nosuch'], roles: [], unowned: [] } },
        { target: 'dev', noOwner: false },
      ),
    );
    expect(lacking).toEqual(['its server does not have the extensions nosuch: install them there']);
  } finally {
    await target.drop();
    scene.own.drop();
  }
});

test('--tables with a serial column of another role', async () => {
  const server = anyServer();
  const role = `serial_owner_${process.pid}`;
  await rowsOf(server.url(), `create role ${role}`);
  const [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  try {
    await rowsOf(
      source.url,
      `create table c (id serial primary key, n text); alter table c owner to ${role};
       insert into c (n) values ('a'); create table d (x int)`,
    );
    await cloned(contextOf(source.url, target.url), { tables: ['c'] });
    await cloned(contextOf(source.url, target.url), { exclude: ['d'] });
    expect((await wholeOf(target.url)).digests.map(({ name }) => name)).toContain('public.c');
  } finally {
    await Promise.all([source.drop(), target.drop()]);
    await rowsOf(server.url(), `drop role ${role}`);
  }
});

test('--swap by an owner of the database who is not a superuser', async () => {
  const server = anyServer();
  const role = `swap_owner_${process.pid}`;
  await rowsOf(server.socket(), `create role ${role} login createdb password 'x'`);
  const [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  const as = (url: string) => {
    const other = new URL(url);
    other.username = role;
    other.password = 'x';
    return other.href;
  };
  try {
    await rowsOf(
      server.socket(),
      `alter database ${source.name} owner to ${role}; alter database ${target.name} owner to ${role}`,
    );
    await rowsOf(as(source.url), 'create schema s; create table s.t (a int); insert into s.t values (1)');
    const { done } = await cloned(contextOf(as(source.url), as(target.url)), {
      swap: true,
      dropOld: true,
      jobs: 1,
    });
    expect(done?.tables).toEqual([{ name: 's.t', rows: 1 }]);
  } finally {
    await Promise.all([source.drop(), target.drop()]);
    await rowsOf(server.socket(), `drop role ${role}`);
  }
});
