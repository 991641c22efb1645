// One row of the table of words.
import type { Where } from './location.ts';

/** What a process can end with: 1 it failed, 2 differences were found, 64 it was called wrongly (sysexits EX_USAGE). */
export type ExitCode = 1 | 2 | 64;

/** How one code is told. */
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
