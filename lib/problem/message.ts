// One row of the table of words.
import type { Where } from './location.ts';

/** The exit codes: 1 failed, 2 differences found, 64 bad usage (sysexits EX_USAGE), 130 interrupted. */
export type ExitCode = 1 | 2 | 64 | 130;

/** The message, hint, exit code and HTTP status of one code. */
export interface MessageRow<Data> {
  readonly exitCode: ExitCode;
  readonly status: number;
  words(data: Data, where?: Where): string;
  hint(data: Data): string;
}

/** Writes a row. */
export function row<Data>(
  exitCode: ExitCode,
  status: number,
  words: (data: Data, where?: Where) => string,
  hint: string | ((data: Data) => string),
): MessageRow<Data> {
  return { exitCode, status, words, hint: typeof hint === 'string' ? () => hint : hint };
}
