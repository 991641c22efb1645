// A drill that was killed leaves its database; the next one on that server drops it.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { backups, verifyBackups } from '../../lib/commands/backups.ts';
import { failure } from '../failure.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';
import { backedUp } from './scene.ts';

vi.setConfig({ testTimeout: 60_000 });

test('a protected server takes a drill only by its name', async () => {
  const scene = await backedUp(anyServer(), 'create table t (id int)', { engine: 'native' });
  try {
    const told: string[] = [];
    const context = derive(scene.own.context, { progress: (line) => void told.push(line) });
    const refusals = [
      () => verifyBackups(context, { drill: true }),
      // Before the backup is made.
      () => backup(context, { engine: 'native', drill: true }),
    ];
    for (const refusal of refusals) {
      const { code, message, hint } = await failure(refusal());
      expect(code).toBe('protected_drill');
      expect(message).toContain('on the server of prod, which is protected');
      expect(hint).toContain('--on prod');
    }
    // Before the first of several backups is read.
    expect(told.filter((line) => line.startsWith('Reading'))).toEqual([]);
    expect((await backups(context, {})).backups).toHaveLength(1);
    const [named] = (await verifyBackups(context, { drill: true, env: 'prod' })).backups;
    expect(named).toMatchObject({ faults: [], verified: { how: 'drill' } });
  } finally {
    await scene.drop();
  }
});

test('two runs verify one backup at the same time', async () => {
  const scene = await backedUp(anyServer(), 'create table t (id int)', { engine: 'native' });
  try {
    const runs = Array.from({ length: 8 }, () => verifyBackups(scene.own.context, {}));
    for (const { backups } of await Promise.all(runs)) expect(backups).toMatchObject([{ faults: [] }]);
  } finally {
    await scene.drop();
  }
});

test('a database without a session is dropped, one in use stays', async () => {
  const server = anyServer();
  const [left, used] = ['pgmage_drill_00000000deadbeef', 'pgmage_drill_00000000cafecafe'];
  const leave = async () => {
    await query(server.url(), `create database ${left}`);
    await query(server.url(left), 'create table t ()');
  };
  await leave();
  await query(server.url(), `create database ${used}`);
  const session = await userSession({ url: server.url(used), applicationName: 'another drill' });
  const scene = await backedUp(server, 'create table t (id int)', { engine: 'native' });
  try {
    const there = `select datname::text as name from pg_database where datname in ('${left}', '${used}')
      order by 1`;
    const told: string[] = [];
    const context = derive(scene.own.context, { progress: (line) => void told.push(line) });
    await vi.waitFor(async () => {
      // Another test may have dropped it by a drill of its own.
      if ((await rowsOf(server.url(), there)).length < 2) await leave();
      await verifyBackups(context, { drill: true, on: 'prod' });
      expect(await rowsOf(server.url(), there)).toEqual([{ name: used }]);
      expect(told).toContain(`Dropped ${left}, which an earlier drill left`);
    }, 20_000);
    expect(told.join('\n')).toMatch(/^Restoring \S+ for a drill on the server of prod$/m);
  } finally {
    await session.close();
    await query(server.url(), `drop database if exists ${used} with (force)`);
    await scene.drop();
  }
});

test('one that cannot be dropped keeps no drill from running', async () => {
  const server = anyServer();
  const held = 'pgmage_drill_00000000beefbeef';
  await query(server.url(), `create database ${held}`);
  await query(server.url(held), 'create table t ()');
  const session = await userSession({ url: server.url(held), applicationName: 'a drill' });
  await session.execute(`begin; insert into t default values`);
  await session.execute(`prepare transaction 'left by a drill'`);
  await session.close();
  const scene = await backedUp(server, 'create table t (id int)', { engine: 'native' });
  try {
    const told: string[] = [];
    const context = derive(scene.own.context, { progress: (line) => void told.push(line) });
    await vi.waitFor(async () => {
      const [one] = (await verifyBackups(context, { drill: true, on: 'prod' })).backups;
      expect(one).toMatchObject({ faults: [], verified: { how: 'drill' } });
      expect(told.join('\n')).toMatch(
        new RegExp(
          `^Cannot drop ${held}, which an earlier drill left: .*prepared transaction.*\\. Drop it yourself$`,
          'm',
        ),
      );
    }, 20_000);
  } finally {
    await query(server.url(held), `rollback prepared 'left by a drill'`);
    await query(server.url(), `drop database ${held} with (force)`);
    await scene.drop();
  }
});
