// A real standby of a test server, by the pg_basebackup of its own folder of programs.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, type OwnServer, query, type Server, serverAt } from './server.ts';

/** A standby that runs. */
export interface Standby extends Server {
  stop(): Promise<void>;
}

/**
 * Starts one. It is gone with its primary's folder.
 * @param programs the folder of the primary's programs
 * @throws Error of pg_basebackup
 */
export async function startStandby(primary: OwnServer, programs: string): Promise<Standby> {
  const { user, directory: home } = primary;
  const directory = join(home, 'standby');
  mkdirSync(directory, { mode: 0o700 });
  const data = join(directory, 'data');
  const how = { ...user, cwd: home };
  await promisify(execFile)('chown', ['-R', `--reference=${join(home, 'data')}`, directory]);
  const words = ['-R', '-c', 'fast', '-D', data, '-d', primary.socket()];
  await promisify(execFile)(join(programs, 'pg_basebackup'), words, how);
  const port = await freePort();
  const settings = [
    '-p',
    `${port}`,
    '-k',
    directory,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'hot_standby=on',
  ];
  const limits = ['max_connections=100', 'max_locks_per_transaction=512', 'max_prepared_transactions=4'];
  const child = spawn(
    join(programs, 'postgres'),
    ['-D', data, ...settings, ...limits.flatMap((one) => ['-c', one])],
    { ...how, stdio: 'ignore' },
  );
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const server = serverAt({ ...primary, port, directory });
  for (let attempt = 0; ; attempt++) {
    try {
      await query(server.socket(), 'select 1');
      break;
    } catch (thrown) {
      if (attempt === 600) throw thrown;
      await setTimeout(50);
    }
  }
  return {
    ...server,
    async stop() {
      child.kill('SIGQUIT');
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
