// The claim of a service on a Redis: two services would both start the jobs of schedules.
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { within } from './connect.ts';

const key = 'pgmage:serve';
// Milliseconds.
const [life, patience] = [30_000, 5_000];

/** The service that has a Redis. */
export interface ServeClaim {
  /** The id of its installation, which it keeps over restarts. */
  readonly service: string;
  readonly version: string;
  readonly host: string;
}

/** Reads the claim; null: there is none. */
export async function readClaim(client: Redis): Promise<ServeClaim | null> {
  const text = await within(patience, client.get(key));
  return text === null ? null : (JSON.parse(text) as ServeClaim);
}

/**
 * Makes or renews a claim, for 30 seconds.
 * @returns null: it is ours; else the one of another service
 */
export async function claimRedis(
  client: Redis,
  own: Pick<ServeClaim, 'service' | 'version'>,
): Promise<ServeClaim | null> {
  const text = JSON.stringify({ ...own, host: hostname() });
  if ((await within(patience, client.set(key, text, 'PX', life, 'NX'))) === 'OK') return null;
  const found = await readClaim(client);
  if (found !== null && found.service !== own.service) return found;
  await within(patience, client.set(key, text, 'PX', life));
  return null;
}

/** Gives a claim up. */
export async function releaseRedis(client: Redis, service: string): Promise<void> {
  const found = await readClaim(client).catch(() => null);
  if (found?.service === service) await within(patience, client.del(key)).catch(() => undefined);
}
