// Connections to the Redis of a shared queue, and the check of a server before it is used.
import { Redis, type RedisOptions } from 'ioredis';
import { Problem } from '../../problem/problem.ts';
import { redact } from '../../problem/redact.ts';

/** Takes the errors of a connection. It opens itself again. */
export type OnError = (error: Error) => void;

// Milliseconds.
const [connectTimeout, patience, longestPause] = [5_000, 10_000, 2_000];
const oldest = 6.2;

const shared: RedisOptions = {
  connectTimeout,
  keepAlive: 10_000,
  retryStrategy: (times) => Math.min(times * 200, longestPause),
  // After a failover the old primary is a replica.
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
};

/**
 * A connection whose commands fail where Redis does not answer, so that none waits for ever and none is sent
 * twice.
 * @param silence milliseconds without an answer after which it is opened again
 */
export function connectRedis(url: string, onError: OnError, silence = 8_000): Redis {
  const client = new Redis(url, {
    ...shared,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    socketTimeout: silence,
  });
  return client.on('error', onError);
}

/** A connection for BullMQ's worker, whose commands wait until Redis answers. */
export function connectPatiently(url: string, onError: OnError): Redis {
  return new Redis(url, { ...shared, maxRetriesPerRequest: null, socketTimeout: 12_000 }).on(
    'error',
    onError,
  );
}

/** The host and port of a URL, as messages name them. */
export function describeRedis(url: string): string {
  const { hostname, port } = readUrl(url);
  return `${hostname}:${port || 6379}`;
}

/**
 * Checks that a server answers, lets us in, is recent enough and keeps its keys.
 * @throws Problem `queue_unavailable`, `bad_option`
 */
export async function checkRedis(url: string): Promise<void> {
  const place = describeRedis(url);
  const options = { ...shared, retryStrategy: () => null, lazyConnect: true, maxRetriesPerRequest: 0 };
  const client = new Redis(url, options);
  let cause: Error | null = null;
  client.on('error', (error: Error) => {
    cause ??= error;
  });
  try {
    await within(patience, client.connect());
    // A server that asks for no password lets a wrong one pass.
    const info = await within(patience, client.info());
    refuseUnfit(place, info);
    await within(patience, client.set('pgmage:check', '1', 'PX', 1));
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    const reason = `Redis at ${place}: ${describeError(cause ?? (thrown as Error))}`;
    throw new Problem('queue_unavailable', { reason: redact(reason), redis: 'connection' });
  } finally {
    client.disconnect();
  }
}

// Manual: "INFO". Valkey gives the version of Redis that it is compatible with.
function refuseUnfit(place: string, info: string): void {
  const find = (name: string) => new RegExp(`^${name}:(.*?)\\s*$`, 'm').exec(info)?.[1] ?? '';
  const version = find('redis_version');
  if (Number.parseFloat(version) < oldest)
    throw new Problem('queue_unavailable', {
      reason: `Redis at ${place} has version ${version}; pgmage needs ${oldest} or later`,
      redis: 'connection',
    });
  const policy = find('maxmemory_policy');
  if (policy !== '' && policy !== 'noeviction')
    throw new Problem('queue_unavailable', {
      reason: `Redis at ${place} may evict keys of the queue: its maxmemory-policy is ${policy}`,
      redis: 'eviction',
    });
}

/** Waits until a connection is open. @throws Error if it takes too long */
export async function whenReady(client: Redis): Promise<void> {
  if (client.status === 'ready') return;
  await within(patience, new Promise<void>((resolve) => client.once('ready', () => resolve())));
}

/** Waits so long. @throws Error if it takes longer */
export function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
  });
  // A later failure must not end the process.
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function readUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || parsed.hostname === '' || !/^\/?\d{0,5}$/.test(parsed.pathname))
    throw new Problem('bad_option', {
      option: '--queue',
      reason: 'it must look like redis://host:6379/0, or rediss://host:6379/0 for TLS',
    });
  return parsed;
}

// A host with several addresses fails with several errors and no message.
function describeError(error: Error & { errors?: Error[]; code?: string }): string {
  return error.message || error.errors?.[0]?.message || error.code || error.name;
}
