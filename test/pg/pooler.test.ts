// Behind pgbouncer each task works, or is refused by a sentence before anything is done.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { difference } from '../../lib/commands/diff.ts';
import { pull } from '../../lib/commands/pull.ts';
import { restore } from '../../lib/commands/restore.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { Problem } from '../../lib/problem/problem.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import type { World } from '../../lib/project/world.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { type Pooler, pgbouncer, startPooler } from '../servers/pooler.ts';
import { anyServer } from '../servers/running.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const consent = { yes: true, force: true };
let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rmSync(cache, { recursive: true }));

type Scene = { own: Project; context: Workspace; direct: string };

// A project whose `local` is behind a pooler, and `direct` the same at its own address. `other` is an empty
// database.
async function behind(
  mode: 'session' | 'transaction' | 'statement',
  size: number,
  use: (of: Scene) => unknown,
) {
  if (pgbouncer === null) {
    process.stdout.write(`NOT RUN: pgbouncer is not installed, so its ${mode} mode is not tried\n`);
    return;
  }
  const server = anyServer();
  const pooler: Pooler = await startPooler(server, mode, size);
  try {
    await withDatabase(server, (database) =>
      withDatabase(server, async (other) => {
        const urls: Record<string, string> = {
          local: pooler.url(database.name),
          other: other.url,
          direct: database.url,
        };
        const environment: World['environment'] = async (name = 'local') => ({
          name,
          url: urls[name] ?? null,
          protected: false,
        });
        const own = project(null, cache, () => ({ environment }));
        await use({ own, context: own.context, direct: database.url });
        own.drop();
      }),
    );
  } finally {
    await pooler.stop();
  }
}

const reading: Record<string, (context: Workspace) => Promise<unknown>> = {
  status: (context) => status(context, {}),
  diff: (context) => difference(context, { from: 'local', to: context.project.schema }),
  pull: (context) => pull(context, { out: 'pulled.sql', force: true }, undefined),
  verify: (context) => verify(context, {}),
};

const writing: Record<string, (context: Workspace) => Promise<unknown>> = {
  sync: (context) => sync(context, { ...consent, env: 'local' }, undefined),
  rollback: (context) => rollback(context, { ...consent, env: 'local' }, undefined),
  backup: (context) => backup(context, { engine: 'native' }),
  'backup with a drill': (context) => backup(context, { engine: 'native', drill: true }),
  restore: async (context) => {
    const { file } = await backup(context, { env: 'other', engine: 'native' });
    return restore(context, file, { to: 'local', ...consent }, undefined);
  },
  clone: (context) => clone(context, { from: 'local', to: 'other', engine: 'native', ...consent }, undefined),
  'clone into it': (context) =>
    clone(context, { from: 'other', to: 'local', engine: 'native', ...consent }, undefined),
};

test.each([1, 5])(
  'in transaction mode with %i sessions, what reads works and what writes is refused',
  async (size) => {
    await behind('transaction', size, async ({ own, context, direct }) => {
      await rowsOf(direct, 'create table kept (a int)');
      own.want('create table kept (a int); create table more (b int);');
      for (const [name, task] of Object.entries(reading)) {
        const thrown = await task(context).then(
          () => null,
          (reason: unknown) => reason,
        );
        expect([name, thrown instanceof Problem ? thrown.message : thrown]).toEqual([name, null]);
      }
      await rowsOf(direct, 'drop table kept');
      own.want('create table kept (a int); create table more (b int);');
      for (const [name, task] of Object.entries(writing)) {
        if (name === 'rollback') continue;
        const { message, hint } = await failure(task(context));
        expect([name, message]).toEqual([name, 'local is behind a connection pooler in transaction mode']);
        expect(hint).toContain('direct address');
      }
      // Many at once, too: each hears the same.
      const codes = await Promise.all(
        [1, 2, 3].map(() => failure(writing.sync?.(context) as Promise<unknown>)),
      );
      expect(codes.map(({ code }) => code)).toEqual(Array(3).fill('transaction_pooler'));
      const tables = `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace`;
      expect(await rowsOf(direct, tables)).toEqual([]);
      expect(await rowsOf(direct, `select to_regnamespace('pgmage') as ledger`)).toEqual([{ ledger: null }]);
    });
  },
);

test('in transaction mode a rollback is refused, and the ledger stays as it is', async () => {
  await behind('transaction', 2, async ({ own, context, direct }) => {
    own.want('create table kept (a int);');
    await sync(context, { ...consent, env: 'direct' }, undefined);
    expect((await failure(writing.rollback?.(context) as Promise<unknown>)).code).toBe('transaction_pooler');
    expect(await rowsOf(direct, `select to_regclass('kept')::text as kept`)).toEqual([{ kept: 'kept' }]);
    await rollback(context, { ...consent, env: 'direct' }, undefined);
    expect(await rowsOf(direct, `select to_regclass('kept')::text as kept`)).toEqual([{ kept: null }]);
  });
});

test('in session mode backups are tried out and restored', async () => {
  await behind('session', 5, async ({ context, direct }) => {
    await rowsOf(direct, 'create table kept (a int); insert into kept values (1), (2)');
    const { file } = await backup(context, { env: 'local', engine: 'native', drill: true });
    await rowsOf(direct, 'update kept set a = 7; create table more ()');
    await restore(context, file, { to: 'local', ...consent }, undefined);
    expect(await rowsOf(direct, 'select a from kept order by a')).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await rowsOf(direct, `select to_regclass('more')::text as more`)).toEqual([{ more: null }]);
    // What the pooler gave back is an application's next: nothing of the work is left in it.
    const { url } = await context.world.environment('local');
    const path = `select current_setting('search_path') as path, current_setting('row_security') as security`;
    expect(await rowsOf(url as string, path)).toEqual([{ path: '"$user", public', security: 'on' }]);
  });
});

test('a shadow is refused there', async () => {
  await behind('transaction', 1, async ({ own, context }) => {
    const { url } = await context.world.environment('local');
    own.want('create table a ();');
    await using there = derive(context, { shadow: url });
    expect((await failure(status(there, {}))).code).toBe('transaction_pooler');
  });
});

test.each([1, 5])('in session mode with %i sessions, every task works', async (size) => {
  await behind('session', size, async ({ own, context, direct }) => {
    own.want('create table kept (a int);');
    await writing.sync?.(context);
    expect(await rowsOf(direct, `select to_regclass('kept')::text as kept`)).toEqual([{ kept: 'kept' }]);
    for (const name of ['status', 'diff', 'pull', 'verify']) await reading[name]?.(context);
    // Some read in several sessions at once.
    if (size > 1) for (const name of ['backup', 'clone']) await writing[name]?.(context);
    await writing.rollback?.(context);
    expect(await rowsOf(direct, `select to_regclass('kept')::text as kept`)).toEqual([{ kept: null }]);
  });
});

test('in statement mode every task is refused', async () => {
  await behind('statement', 2, async ({ own, context }) => {
    own.want('create table kept (a int);');
    for (const [name, task] of Object.entries({ ...reading, ...writing })) {
      if (name === 'restore' || name === 'verify' || name === 'rollback') continue;
      const { message } = await failure(task(context));
      expect([name, message]).toEqual([
        name,
        expect.stringMatching(/^local is behind a connection pooler in (statement|transaction) mode$/),
      ]);
    }
  });
});
