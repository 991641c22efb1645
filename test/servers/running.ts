// The servers of this test run, as a test sees them.
import { inject } from 'vitest';
import { type Server, serverAt } from './server.ts';

/** The running servers under test, the oldest version first. */
export function servers(): Server[] {
  return inject('servers').map(serverAt);
}

/** Whether PGMAGE_MAJORS names versions, as in CI: then nothing is left to another run. */
export const isFull = process.env.PGMAGE_MAJORS !== undefined;

/**
 * Whether the at-th of many trials of one kind runs on a server: where PGMAGE_MAJORS names versions, each
 * runs on all of them; else on one in turn, so that each version is met and none twice.
 */
export function isTurnOf({ port }: Server, at: number, among: readonly Server[] = servers()): boolean {
  return isFull || among[at % among.length]?.port === port;
}

/** The running server of the newest major under test, for what does not depend on the version. */
export function anyServer(): Server {
  const newest = servers().at(-1);
  if (newest === undefined) throw new Error('PGMAGE_MAJORS names no version');
  return newest;
}
