// Runs PostgreSQL's own programs without a shell and without a password in their arguments.
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

/** One run of a client program. */
export interface ClientRun {
  readonly client: Pick<Client, 'folder'>;
  readonly program: string;
  readonly words: readonly string[];
  /** The access to a server; connection variables of our own environment are not inherited. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** True if it starts processes that must end with it. */
  readonly several?: boolean;
}

/**
 * Runs a program. It has succeeded only if this returns: before that, `take` may have seen a part.
 * @param take reads its output, to the end
 * @throws Problem `client_failed` with its message; of `take`
 */
export async function runClient(
  { client, program, words, variables = {}, signal, several = false }: ClientRun,
  take: (output: Readable) => Promise<void>,
): Promise<void> {
  const { output, exited, ended, end } = startProgram({
    file: join(client.folder, executable(program)),
    args: words,
    // In English, so that its errors can be recognized.
    variables: { LC_ALL: 'C', ...variables },
    signal,
    grouped: several,
  });
  // The workers of a killed pg_dump end with it.
  if (several) void exited.then(end);
  const taken = await take(output).then(
    () => null,
    (thrown: unknown) => ({ thrown }),
  );
  // If its output has ended, it is ending by itself and will report the reason.
  const stopped = taken !== null && !output.readableEnded && end();
  // Unread, it would keep the end of the process from being noticed.
  output.destroy();
  const { failure, errors } = await ended;
  if (failure !== null && !stopped)
    throw new Problem('client_failed', {
      program,
      reason: errors || failure,
      ...(variables.PGUSER !== undefined && { role: variables.PGUSER }),
    });
  if (taken !== null) throw taken.thrown;
}
