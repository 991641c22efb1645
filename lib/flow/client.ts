// PostgreSQL's own programs: where they are, and how they run without a shell and without a password in their arguments.
import { spawn } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { env, platform } from 'node:process';
import type { Readable } from 'node:stream';
import { Problem } from '../problem.ts';
import { redact } from '../secret.ts';

/** One installation of the client programs. */
export interface Client {
  readonly folder: string;
  /** E.g. `15.18`. */
  readonly version: string;
  readonly major: number;
}

// Where packages put a folder for each version: Debian and Ubuntu, Red Hat, Homebrew, Postgres.app.
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
export function fittingClient(clients: readonly Client[], major: number): Client {
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
    // What cannot be started is none.
    return null;
  }
}

const executable = (program: string) => (platform === 'win32' ? `${program}.exe` : program);

async function textOf(client: Pick<Client, 'folder'>, program: string, words: string[]): Promise<string> {
  const chunks: Buffer[] = [];
  await runClient(client, program, words, {}, async (output) => {
    for await (const chunk of output) chunks.push(chunk as Buffer);
  });
  return Buffer.concat(chunks).toString();
}

/**
 * Runs a program. It has succeeded only if this returns: what `take` saw before may be less than all.
 * @param variables what it is told besides our own environment: the way to a server
 * @param take reads what it writes, to the end
 * @param signal ends it
 * @throws Problem `client_failed` with what it said; of `take`
 */
export async function runClient(
  { folder }: Pick<Client, 'folder'>,
  program: string,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
  take: (output: Readable) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn(join(folder, executable(program)), words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // In English, and never waiting for a password that nobody types.
    env: { ...env, LC_ALL: 'C', ...variables },
    ...(signal && { signal, killSignal: 'SIGKILL' as const }),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, killed) =>
      resolve(
        code === 0 ? null : said.trim() || (killed ? `it was ended by ${killed}` : `exit code ${code}`),
      ),
    );
  });
  const taken = await take(child.stdout).then(
    () => null,
    (thrown: unknown) => ({ thrown }),
  );
  // Where its output has ended it is ending by itself, and knows why.
  const stopped = taken !== null && !child.stdout.readableEnded && child.kill('SIGKILL');
  // Unread, it would keep the end of the process from being noticed.
  child.stdout.destroy();
  const reason = await ended;
  if (reason !== null && !stopped) throw new Problem('client_failed', { program, reason: redact(reason) });
  if (taken !== null) throw taken.thrown;
}
