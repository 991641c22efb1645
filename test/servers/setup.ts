// Starts one server per major version before the tests and ends them after.
import type { TestProject } from 'vitest/node';
import { majors } from './binaries.ts';
import { type Address, type OwnServer, startServer } from './server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    servers: readonly Address[];
  }
}

/** `PGMAGE_MAJORS=15,16,17,18` chooses versions; without it, the oldest and the newest, between which all differences lie. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const chosen = process.env.PGMAGE_MAJORS?.split(',').map(Number) ?? [majors[0], majors[3]];
  const servers: OwnServer[] = [];
  for (const major of chosen) servers.push(await startServer(major));
  project.provide(
    'servers',
    servers.map(({ major, port, password, directory }) => ({ major, port, password, directory })),
  );
  return async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
}
