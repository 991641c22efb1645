// How PostgreSQL's own programs run: without a shell, and without a password in their arguments.
import { join } from 'node:path';
import { platform } from 'node:process';
import type { Readable } from 'node:stream';
import { Problem } from '../problem/problem.ts';
import { startProgram } from '../programs/run.ts';

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
 * Runs a program. It has succeeded only if this returns: what `take` saw before may be less than all.
 * @param variables the way to a server; of our own environment it inherits nothing that says where to connect
 * @param take reads what it writes, to the end
 * @param signal ends it
 * @param several whether it starts processes of its own, which are to end with it
 * @throws Problem `client_failed` with what it said; of `take`
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
  const { output, exited, ended, end } = startProgram({
    file: join(folder, executable(program)),
    args: words,
    // In English, so that its errors can be recognized.
    variables: { LC_ALL: 'C', ...variables },
    signal,
    grouped: several,
  });
  // The workers of a pg_dump that was killed end, too.
  if (several) void exited.then(end);
  const taken = await take(output).then(
    () => null,
    (thrown: unknown) => ({ thrown }),
  );
  // Where its output has ended it is ending by itself, and knows why.
  const stopped = taken !== null && !output.readableEnded && end();
  // Unread, it would keep the end of the process from being noticed.
  output.destroy();
  const { failure, errors } = await ended;
  if (failure !== null && !stopped)
    throw new Problem('client_failed', { program, reason: errors || failure });
  if (taken !== null) throw taken.thrown;
}
