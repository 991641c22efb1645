// A real PostgreSQL server for tests, gone with the process that started it.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statfsSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { install, type User } from './binaries.ts';

/** All that is needed to reach a server, as plain data that can be handed to another process. */
export interface Address {
  readonly major: number;
  /** `15.20 (Debian 15.20-0+deb12u1)`. */
  readonly version: string;
  readonly port: number;
  readonly password: string;
  /** Holds the unix socket, where no password is asked. */
  readonly directory: string;
}

/** A running server. */
export interface Server extends Address {
  /** A URL over loopback, with the password. */
  url(database?: string): string;
  /** A URL over the unix socket: faster to connect to, and understood by libpq's programs too. */
  socket(database?: string): string;
}

/** A server that this process started. */
export interface OwnServer extends Server {
  /** Whom it runs as; empty: us. */
  readonly user: User;
  /** Stops it as if it had crashed and starts it again: whoever is connected is cut off. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Gives an address its methods. */
export function serverAt(address: Address): Server {
  const { port, password, directory } = address;
  return {
    ...address,
    url: (database = 'postgres') =>
      `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    socket: (database = 'postgres') =>
      `postgres://postgres@${encodeURIComponent(directory)}:${port}/${encodeURIComponent(database)}`,
  };
}

// Nothing here outlives a test, so nothing is ever flushed; the rest is what publications, subscriptions,
// prepared transactions and the load of a thousand tables in one transaction ask for.
const settings = {
  listen_addresses: '127.0.0.1',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  jit: 'off',
  wal_level: 'logical',
  max_prepared_transactions: '4',
  max_connections: '100',
  max_locks_per_transaction: '512',
  shared_buffers: '64MB',
  timezone: 'UTC',
};

/**
 * Starts a server on a free port and an empty cluster.
 * @param which a major version of the npm packages, or a folder of programs
 * @param more settings besides the usual ones, or instead of them
 * @param place the folder that its files are in
 * @throws Error with the end of its log
 */
export async function startServer(
  which: number | string,
  more: Readonly<Record<string, string>> = {},
  place = fastDirectory(),
): Promise<OwnServer> {
  const { major, version, postgres, cluster, user } = install(which);
  const directory = mkdtempSync(join(place, `pgmage-${major}-`));
  const password = randomBytes(12).toString('hex');
  const address: Address = { major, version, port: await freePort(), password, directory };
  const child = keep(postgres, cluster, address, user, more);
  await ready(child, directory);
  const server = serverAt(address);
  await query(server.socket(), `alter role postgres password '${address.password}'`);
  return { ...server, user, restart: () => restart(child, directory), stop: () => stop(child) };
}

/** Runs SQL in a session of its own. Throws the driver's error. */
export async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/**
 * The server's parent is a shell that waits for the end of its input. That comes when this process stops it,
 * exits, or dies of whatever cause, so no server is ever left behind; detached, so that Ctrl-C reaches us
 * first. Each line before the end restarts the server.
 */
function keep(
  postgres: string,
  cluster: string,
  address: Address,
  user: User,
  more: Readonly<Record<string, string>>,
): ChildProcess {
  const { directory, port } = address;
  const data = join(directory, 'data');
  cpSync(cluster, data, { recursive: true });
  own(directory, user);
  const start = '"$@" >>"$0/log" 2>&1 & pid=$!';
  const script =
    `${start}; while read _; do kill -QUIT $pid; wait $pid; ${start}; done; kill -QUIT` +
    ' $pid; wait $pid; rm -rf "$0"';
  const options = Object.entries({ ...settings, ...more, port, unix_socket_directories: directory });
  const child = spawn(
    'sh',
    ['-c', script, directory, postgres, '-D', data, ...options.map(([name, value]) => `--${name}=${value}`)],
    {
      ...user,
      cwd: directory,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH },
    },
  );
  child.unref();
  return child;
}

function own(directory: string, user: User): void {
  chmodSync(directory, 0o700);
  if (!('uid' in user)) return;
  chownSync(directory, user.uid, user.gid);
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    chownSync(join(directory, entry), user.uid, user.gid);
}

async function ready(child: ChildProcess, directory: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 10) {
    if (read(join(directory, 'data/postmaster.pid')).includes('ready')) return;
    await setTimeout(10);
  }
  const log = read(join(directory, 'log')).slice(-2000);
  await stop(child);
  throw new Error(`the test server did not start: ${log}`);
}

async function restart(child: ChildProcess, directory: string): Promise<void> {
  const file = join(directory, 'data/postmaster.pid');
  const [before] = read(file).split('\n');
  child.stdin?.write('restart\n');
  while (read(file).split('\n')[0] === before) await setTimeout(2);
  await ready(child, directory);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.ref();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await gone;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

// In memory where there is room: measured on a busy disk, a database is created ten times as fast.
function fastDirectory(): string {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > 2 ** 31 ? memory : tmpdir();
}

/** A port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
