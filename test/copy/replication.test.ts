// A target that takes part in a replication: the plan says what becomes of that.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { ClonePlan } from '../../lib/copy/plan.ts';
import {
  type Backup,
  type BackupNeeds,
  listBackups,
  type Manifest,
  writeManifest,
} from '../../lib/flow/manifest.ts';
import { backupProject } from '../backup/scene.ts';
import { derive } from '../project/workspace.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { cloned, contextOf } from './cloning.ts';

vi.setConfig({ testTimeout: 60_000 });

const server = anyServer();
const slot = `slot_${process.pid}`;
const dropped = `sub of target is dropped; its slot ${slot} stays on the publisher and keeps WAL: drop it there`;

async function withReplication(use: (source: Database, target: Database) => Promise<void>): Promise<void> {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await rowsOf(source.socket, 'create table t (id int primary key)');
      await rowsOf(
        target.socket,
        `create table t (id int primary key); create publication own for all tables;
         create subscription sub connection 'dbname=elsewhere' publication p
           with (connect = false, slot_name = '${slot}')`,
      );
      await use(source, target);
    }),
  );
}

async function warningsOf(source: Database, target: Database, dataOnly: boolean): Promise<string[]> {
  let shown: ClonePlan | undefined;
  const ask = async (plan: ClonePlan) => {
    shown = plan;
    return false;
  };
  await clone(contextOf(source.url, target.url), { from: 'source', to: 'target', dataOnly }, ask);
  const named = /^(subscription|publications|replication slots)$/;
  return (shown?.checks ?? []).filter(({ name }) => named.test(name)).map(({ text }) => text);
}

test('db:clone says it before anything is changed', async () => {
  await withReplication(async (source, target) => {
    expect(await warningsOf(source, target, false)).toEqual([dropped, 'target loses its own: own']);
    expect(await warningsOf(source, target, true)).toEqual([
      'sub of target goes on, and may change the same rows',
    ]);
    expect(await warningsOf(target, source, false)).toEqual([]);
    await rowsOf(target.socket, 'create publication other for table t');
    await rowsOf(source.socket, 'create publication own for table t');
    expect(await warningsOf(source, target, false)).toEqual([dropped, 'target loses its own: other']);
  });
});

test('db:restore says it before anything is changed', async () => {
  await withReplication(async (source, target) => {
    const own = backupProject({ prod: source.url, target: target.url });
    const notes: string[] = [];
    const context = derive(own.context, { note: (line) => void notes.push(line) });
    try {
      const { file } = await backup(context, { env: 'prod', engine: 'native' });
      await restore(context, file, { to: 'target' }, async () => false);
      expect(notes).toEqual([dropped, 'target loses its own: own']);
      await rowsOf(source.socket, 'create publication own for table t');
      notes.length = 0;
      const next = await backup(context, { env: 'prod', engine: 'native' });
      await restore(context, next.file, { to: 'target' }, async () => false);
      expect(notes).toEqual([dropped]);
      // A backup of an earlier release does not name its publications.
      const found = await listBackups(own.folder);
      const { path, name, manifest } = found.at(-1) as Backup;
      const { created: _, ...needs } = (manifest as Manifest).needs as BackupNeeds;
      await writeManifest(path, { ...(manifest as Manifest), needs });
      notes.length = 0;
      await restore(context, name, { to: 'target' }, async () => false);
      expect(notes).toEqual([dropped, 'target loses its own: own, unless the backup has them']);
    } finally {
      own.drop();
    }
  });
});

test('a subscription that the role may not read stays, and the plan says so', async () => {
  const role = `owner_${process.pid}`;
  await rowsOf(server.socket(), `create role ${role} login password 'x'`);
  try {
    await withReplication(async (source, target) => {
      await rowsOf(target.socket, 'drop publication own');
      for (const { name, socket } of [source, target])
        await rowsOf(socket, `alter database ${name} owner to ${role}; alter table t owner to ${role}`);
      const own = [source, target].map(({ url }) =>
        Object.assign(new URL(url), { username: role, password: 'x' }),
      );
      const [from = '', to = ''] = own.map(({ href }) => href);
      expect(await warningsOf({ ...source, url: from }, { ...target, url: to }, false)).toEqual([
        'sub of target stays: only a superuser may read it. Refresh it to fill the new tables',
      ]);
      await cloned(contextOf(from, to));
      expect(await rowsOf(target.socket, 'select subname from pg_subscription')).toEqual([
        { subname: 'sub' },
      ]);
    });
  } finally {
    await rowsOf(server.socket(), `drop role ${role}`);
  }
});
