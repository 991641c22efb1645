// A real Redis for tests, without files of its own, gone with the process that started it.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './server.ts';

const executable = process.env.PGMAGE_REDIS ?? '/usr/bin/redis-server';

/** The reason why no Redis can be started here; null: there is one. */
export function findMissingRedis(): string | null {
  if (existsSync(executable)) return null;
  return `Redis is not at ${executable}: apt-get install redis-server, or set PGMAGE_REDIS`;
}

/** The files of a server with TLS. */
export interface RedisTls {
  readonly key: string;
  readonly certificate: string;
}

/** A running Redis, with a password. */
export class OwnRedis {
  readonly port: number;
  readonly password = randomBytes(12).toString('hex');
  readonly #folder = mkdtempSync(join(tmpdir(), 'pgmage-redis-'));
  readonly #more: readonly string[];
  readonly #tls: RedisTls | null;
  #child: ChildProcess | undefined;

  constructor(port: number, more: readonly string[], tls: RedisTls | null) {
    this.port = port;
    this.#more = more;
    this.#tls = tls;
    process.on('exit', () => this.#child?.kill('SIGKILL'));
  }

  get url(): string {
    return this.urlAt(this.port);
  }

  /** The same server by another port, as that of a proxy. */
  urlAt(port: number): string {
    return `${this.#tls === null ? 'redis' : 'rediss'}://:${this.password}@127.0.0.1:${port}`;
  }

  /** Starts it empty, and waits until it answers. */
  async start(): Promise<void> {
    const port = String(this.port);
    const { key = '', certificate = '' } = this.#tls ?? {};
    const listen =
      this.#tls === null
        ? ['--port', port]
        : ['--port', '0', '--tls-port', port, '--tls-key-file', key, '--tls-cert-file', certificate];
    const quiet = ['--save', '', '--appendonly', 'no', '--dir', this.#folder, '--loglevel', 'warning'];
    const open = this.#tls === null ? [] : ['--tls-auth-clients', 'no'];
    const options = [...listen, '--bind', '127.0.0.1', '--requirepass', this.password, ...quiet, ...open];
    this.#child = spawn(executable, [...options, ...this.#more], { stdio: 'ignore' });
    for (let waited = 0; waited < 10_000; waited += 50) {
      if (await this.ask((client) => client.ping()).catch(() => null)) return;
      await setTimeout(50);
    }
    throw new Error('redis-server did not start');
  }

  /** Asks it something in a connection of its own. */
  async ask<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.url, {
      lazyConnect: true,
      retryStrategy: () => null,
      tls: { rejectUnauthorized: false },
      ...(this.#tls === null && { tls: undefined as never }),
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await work(client);
    } finally {
      client.disconnect();
    }
  }

  /** Everything that it holds, as text. */
  dump(): Promise<string> {
    return this.ask(async (client) => {
      const parts: string[] = [];
      for (const key of await client.keys('*'))
        parts.push(key, (await client.dumpBuffer(key))?.toString('latin1') ?? '');
      return parts.join('\n');
    });
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a Redis on a free port. @param more options of redis-server */
export async function startRedis(
  more: readonly string[] = [],
  tls: RedisTls | null = null,
): Promise<OwnRedis> {
  const redis = new OwnRedis(await freePort(), more, tls);
  await redis.start();
  return redis;
}
