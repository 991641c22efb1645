// The servers of this test run, as a test sees them.
import { inject } from 'vitest';
import { type Server, serverAt } from './server.ts';

/** One running server per major version under test. */
export function servers(): Server[] {
  return inject('servers').map(serverAt);
}

/** The running server of the newest major under test, for what does not depend on the version. */
export function anyServer(): Server {
  const newest = servers().at(-1);
  if (newest === undefined) throw new Error('PGMAGE_MAJORS names no version');
  return newest;
}
