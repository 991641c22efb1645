// Runs PostgreSQL's own programs without a shell and without a password in their arguments.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { env, kill, platform } from 'node:process';
import type { Readable } from 'node:stream';
import { withoutConnection } from '../pg/parameters.ts';
import { Problem } from '../problem/problem.ts';
import { redact } from '../problem/redact.ts';

/** One installation of the client programs. */
export interface Client {
  readonly folder: string;
  /** E.g. `15.18`. */
  readonly version: string;
  readonly major: number;
}

/** The file of a program. */
export const executable = (program: string) => (platform === 'win32' ? `${program}.exe` : program);

/**
 * Runs a program. It has succeeded only if this returns: before that, `take` may have seen a part.
 * @param variables the access to a server; connection variables of our own environment are not inherited
 * @param take reads its output, to the end
 * @param signal ends it
 * @param several true if it starts processes that must end with it
 * @throws Problem `client_failed` with its message; of `take`
 */
export async function runClient(
  { folder }: Pick<Client, 'folder'>,
  program: string,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
  take: (output: Readable) => Promise<void>,
  signal?: AbortSignal,
  several = false,
): Promise<void> {
  const grouped = several && platform !== 'win32';
  const child = spawn(join(folder, executable(program)), words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // In English, and without a password prompt.
    env: { ...withoutConnection(env), LC_ALL: 'C', ...variables },
    detached: grouped,
  });
  const end = () => {
    if (!grouped || child.pid === undefined) return child.kill('SIGKILL');
    try {
      return kill(-child.pid, 'SIGKILL');
    } catch {
      return false;
    }
  };
  signal?.addEventListener('abort', end);
  // Processes that it started end with it.
  if (grouped) child.once('exit', end);
  if (signal?.aborted) end();
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
  // If its output has ended, it is ending by itself and will report the reason.
  const stopped = taken !== null && !child.stdout.readableEnded && end();
  // Unread, it would keep the end of the process from being noticed.
  child.stdout.destroy();
  const reason = await ended;
  signal?.removeEventListener('abort', end);
  if (reason !== null && !stopped) throw new Problem('client_failed', { program, reason: redact(reason) });
  if (taken !== null) throw taken.thrown;
}
