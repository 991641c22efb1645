// Starts the servers under test before the tests, says which they are, and ends them after.
import type { TestProject } from 'vitest/node';
import { install, installedServers, majors } from './binaries.ts';
import { type Address, type OwnServer, startServer } from './server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    servers: readonly Address[];
  }
}

/**
 * `PGMAGE_MAJORS=15,16,17,18` chooses versions of the npm packages (empty: none), and what this machine has
 * installed is added (see `installedServers`). Without it: the oldest and the newest version, between which
 * all differences lie, and an installed server replaces the package of its version, because users have its
 * newer minor release.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers: OwnServer[] = [];
  for (const which of chosen()) servers.push(await startServer(which));
  servers.sort((a, b) => a.major - b.major);
  process.stdout.write(`PostgreSQL ${servers.map(({ version }) => version).join(', ')}\n`);
  project.provide(
    'servers',
    servers.map(({ major, version, port, password, directory }) => ({
      major,
      version,
      port,
      password,
      directory,
    })),
  );
  return async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
}

function chosen(): (number | string)[] {
  const installed = installedServers();
  const named = process.env.PGMAGE_MAJORS?.split(',').filter(Boolean).map(Number);
  if (named !== undefined) return [...installed, ...named];
  const [oldest, newest] = [majors[0], majors[3]];
  const replaced = new Set(installed.map((folder) => install(folder).major));
  return [...installed, ...[oldest, newest].filter((major) => !replaced.has(major))];
}
