// A real pgbouncer before a test server.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort, query, type Server } from './server.ts';

/** Where Debian has it; null: it is not installed. */
export const pgbouncer =
  ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path)) ?? null;

/** A pooler that runs. */
export interface Pooler {
  url(database: string): string;
  stop(): Promise<void>;
}

/** Starts one, which gives way to nobody for longer than two seconds. Throws Error with its log. */
export async function startPooler(
  { port: to, password }: Server,
  mode: 'session' | 'transaction' | 'statement',
  size: number,
): Promise<Pooler> {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-pooler-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: mode,
    default_pool_size: size,
    ignore_startup_parameters: 'extra_float_digits,options',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const server = `* = host=127.0.0.1 port=${to} user=postgres password=${password}`;
  writeFileSync(join(folder, 'ini'), `[databases]\n${server}\n[pgbouncer]\n${lines.join('\n')}\n`);
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(pgbouncer ?? '', ['-q', ...user, join(folder, 'ini')], { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const url = (database: string) => `postgres://anybody:any@127.0.0.1:${port}/${database}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await query(url('postgres'), 'select 1');
      break;
    } catch (thrown) {
      if (attempt === 100) throw thrown;
      await setTimeout(50);
    }
  }
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}
