// A standby: it is backed up, and is not asked for a drill.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { failure } from '../failure.ts';
import { installedServers } from '../servers/binaries.ts';
import { freshDatabase } from '../servers/databases.ts';
import { query, startServer } from '../servers/server.ts';
import { startStandby } from '../servers/standby.ts';
import { backupProject } from './scene.ts';

vi.setConfig({ testTimeout: 120_000 });

const programs = installedServers()[0];
if (programs === undefined)
  process.stdout.write('NOT RUN: a standby, for want of an installed server with pg_basebackup\n');

test.runIf(programs !== undefined)('a backup of it is made, a drill on it is refused by name', async () => {
  const primary = await startServer(programs ?? '');
  try {
    const { url, name } = await freshDatabase(primary);
    await query(url, 'create table t (id int); insert into t values (1)');
    const standby = await startStandby(primary, programs ?? '');
    const own = backupProject({ prod: standby.url(name) });
    expect((await backup(own.context, { engine: 'native' })).rows).toBe(1);
    const { code, message } = await failure(
      backup(own.context, { engine: 'native', drill: true, on: 'prod' }),
    );
    expect([code, message]).toEqual([
      'unfit_target',
      expect.stringContaining('prod cannot take this backup: it is a standby'),
    ]);
    own.drop();
    await standby.stop();
  } finally {
    await primary.stop();
  }
});
