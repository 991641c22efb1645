// A command that gives up waiting for a lock names the session that holds it.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { restore } from '../../lib/commands/restore.ts';
import { compare } from '../../lib/compare/compare.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { backupProject, triedAgain } from '../backup/scene.ts';
import { cloned, contextOf } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { derive } from '../project/workspace.ts';
import { type Database, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

vi.setConfig({ testTimeout: 120_000 });

const server = anyServer();
const names = /; locks are held by session \d+ \(the holder, role \w+, idle in transaction, /;
const consent = { yes: true, force: true } as const;

async function whileLocked<T>({ url }: Database, sql: string, work: () => Promise<T>): Promise<T> {
  const session = await userSession({ url, applicationName: 'the holder' });
  await session.execute(`begin; ${sql}`);
  try {
    return await work();
  } finally {
    await session.close();
  }
}

async function withPair(work: (source: Database, target: Database) => Promise<void>): Promise<void> {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      for (const { url } of [source, target])
        await query(url, 'create table t (id int primary key); insert into t values (1)');
      await work(source, target);
    }),
  );
}

test('db:backup and db:restore', async () => {
  await withPair(async (source, target) => {
    const own = backupProject({ prod: source.url, copy: target.url });
    const pause = async () => undefined;
    const context: Workspace = derive(own.context, { lockTimeout: 100, pause });
    const { file } = await backup(context, { engine: 'native' });
    await whileLocked(target, 'select from t', async () => {
      const problem = await failure(restore(context, file, { to: 'copy', ...consent }, undefined));
      expect([problem.code, problem.message]).toEqual(['lock_timeout', expect.stringMatching(names)]);
    });
    const told: string[] = [];
    const once = derive(own.context, { lockTimeout: 100, progress: (line) => void told.push(line) });
    await whileLocked(source, 'lock table t', async () => {
      expect((await failure(backup(once, { engine: 'native' }))).code).toBe(triedAgain);
      expect(told.find((line) => line.includes('try 2 of 4'))).toMatch(names);
    });
    own.drop();
  });
});

test('db:clone', async () => {
  await withPair(async (source, target) => {
    await whileLocked(target, 'select from t', async () => {
      const problem = await failure(cloned(contextOf(source.url, target.url)));
      expect([problem.code, problem.message]).toEqual(['lock_timeout', expect.stringMatching(names)]);
      expect(problem.hint).toContain('pg_terminate_backend');
    });
  });
});

test('a clone names only the session whose lock is in its way, in the database where it waits', async () => {
  await withPair(async (source, target) => {
    for (const { url } of [source, target]) await query(url, 'create table other (id int primary key)');
    const cloning = (selection: Partial<Parameters<typeof cloned>[1]>) =>
      failure(cloned(contextOf(source.url, target.url), selection));
    const session = await userSession({ url: target.url, applicationName: 'a reader of another table' });
    await session.execute('begin; select from other');
    await whileLocked(target, 'select from t', async () => {
      const { message } = await cloning({ dataOnly: true, tables: ['t'] });
      expect(message).toMatch(names);
      expect(message).not.toContain('a reader of another table');
    });
    await whileLocked(source, 'lock table t', async () => {
      const { message } = await cloning({ dataOnly: true, tables: ['t'] });
      expect(message).toMatch(names);
      expect(message).not.toContain('a reader of another table');
    });
    await session.close();
  });
});

test('what only reads the schema', async () => {
  await withPair(async (source, target) => {
    await query(source.url, 'create view v as select id from t; create index on t ((id + 1))');
    await whileLocked(source, 'lock table t', async () => {
      const problem = await failure(compare(contextOf(source.url, target.url), 'source', 'target'));
      expect([problem.code, problem.message]).toEqual(['lock_timeout', expect.stringMatching(names)]);
    });
  });
});

test('a prepared transaction, which has no session', async () => {
  await withPair(async (source, target) => {
    await query(source.url, 'insert into t values (5)');
    const rows = { from: 'source', to: 'target', ...consent };
    const name = `held by '${process.pid}'`;
    const quoted = name.replaceAll("'", "''");
    await query(target.url, `begin; lock table t in share mode; prepare transaction '${quoted}'`);
    try {
      const words = `the prepared transaction '${name}' (role`;
      const cloning = await failure(cloned(contextOf(source.url, target.url)));
      expect([cloning.code, cloning.message]).toEqual(['lock_timeout', expect.stringContaining(words)]);
      const syncing = await failure(
        dataSync(contextOf(source.url, target.url, { lockTimeout: 100 }), rows, undefined),
      );
      expect([syncing.code, syncing.message]).toEqual(['lock_unavailable', expect.stringContaining(words)]);
      for (const { hint } of [cloning, syncing]) {
        expect(hint).toContain('or end the prepared transaction with COMMIT PREPARED or ROLLBACK PREPARED.');
        expect(hint).not.toContain('pg_terminate_backend');
      }
    } finally {
      await query(target.url, `rollback prepared '${quoted}'`);
    }
  });
});
