// PostgreSQL's own programs: their places and versions.

import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { Problem } from '../problem/problem.ts';
import type { Client } from './child.ts';
import { executable, runClient } from './child.ts';

// The folders of each version in packages: Debian and Ubuntu, Red Hat, Homebrew, Postgres.app.
const places: readonly (readonly [folder: string, programs: RegExp])[] = [
  ['/usr/lib/postgresql', /^\d+$/],
  ['/usr', /^pgsql-\d+$/],
  ['/opt/homebrew/opt', /^(postgresql(@\d+)?|libpq)$/],
  ['/usr/local/opt', /^(postgresql(@\d+)?|libpq)$/],
  ['/Applications/Postgres.app/Contents/Versions', /^\d+$/],
];

/** All installations with pg_dump and pg_restore that are found, the newest first. */
export async function findClients(): Promise<Client[]> {
  const listed = await Promise.all(
    places.map(async ([folder, name]) => {
      const names = await readdir(folder).catch(() => []);
      return names.filter((one) => name.test(one)).map((one) => join(folder, one, 'bin'));
    }),
  );
  const folders = new Set([...listed.flat(), ...(env.PATH ?? '').split(delimiter).filter(Boolean)]);
  const found = await Promise.all([...folders].map(clientIn));
  return found
    .filter((one) => one !== null)
    .sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
}

/**
 * The newest client for servers of a major version: an older pg_dump refuses a newer server.
 * @throws Problem `no_client`
 */
export function chooseClient(clients: readonly Client[], major: number): Client {
  const [newest] = clients;
  if (newest !== undefined && newest.major >= major) return newest;
  throw new Problem('no_client', { major, found: clients.map(({ version }) => version) });
}

async function clientIn(folder: string): Promise<Client | null> {
  try {
    for (const program of ['pg_dump', 'pg_restore'])
      await access(join(folder, executable(program)), constants.X_OK);
    const said = await textOf({ folder }, 'pg_dump', ['--version']);
    const version = / (\d+(?:\.\d+)*)/.exec(said)?.[1];
    return version === undefined ? null : { folder, version, major: Number.parseInt(version, 10) };
  } catch {
    // A file that cannot be started is not a program.
    return null;
  }
}

async function textOf(client: Pick<Client, 'folder'>, program: string, words: string[]): Promise<string> {
  const chunks: Buffer[] = [];
  await runClient({ client, program, words }, async (output) => {
    for await (const chunk of output) chunks.push(chunk as Buffer);
  });
  return Buffer.concat(chunks).toString();
}

// libpq's English messages for a lost session, and those of servers in most languages for a shutdown.
const lost =
  /server closed the connection|could not (receive|send) data|connection to server .* failed|terminating connection|connection has been closed|is (starting up|shutting down)/;
const locked = /lock timeout|could not obtain lock|statement timeout\s.*LOCK TABLE/s;

/** Finds the database problem behind a failed program: a lock, or a lost session. */
export function toDatabaseProblem(thrown: unknown, environment: string): unknown {
  if (!(thrown instanceof Problem) || thrown.code !== 'client_failed') return thrown;
  const { reason } = thrown.data as { reason: string };
  const because = { cause: thrown };
  if (lost.test(reason)) return new Problem('connection_lost', { environment, detail: reason }, because);
  if (!locked.test(reason)) return thrown;
  const nothing = { detail: null, hint: null, context: null, position: null };
  return new Problem(
    'lock_timeout',
    { environment, message: reason, sqlstate: '55P03', ...nothing },
    because,
  );
}
