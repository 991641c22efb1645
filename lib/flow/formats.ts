// The names of dumps, by format.
import type { Compression } from './compression.ts';

/**
 * `custom` and `directory`: PostgreSQL's archives, one file or a folder of them; `plain`: SQL that people and
 * psql can read; `native`: pgmage's own, made without any other program.
 */
export type Format = 'custom' | 'directory' | 'plain' | 'native';

const endings: Readonly<Record<string, Format>> = {
  dump: 'custom',
  dir: 'directory',
  'sql.gz': 'plain',
  'sql.zst': 'plain',
  native: 'native',
};

const ending = new RegExp(`\\.(${Object.keys(endings).join('|').replaceAll('.', '\\.')})$`);

/** The name of a dump. @param compression of a script */
export function dumpName(stem: string, format: Format, compression: Compression = 'gzip'): string {
  const fits = ([end, one]: readonly [string, Format]) =>
    one === format && (format !== 'plain' || end.endsWith('zst') === (compression === 'zstd'));
  return `${stem}.${Object.entries(endings).find(fits)?.[0]}`;
}

/** The format of a file or folder by its name; null: not a dump. */
export function detectFormat(name: string): Format | null {
  return endings[ending.exec(name)?.[1] ?? ''] ?? null;
}

/** The name of a dump without what says its format. */
export const stripFormat = (name: string) => name.replace(ending, '');

/** A file of a folder. */
export interface FileSum {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}
