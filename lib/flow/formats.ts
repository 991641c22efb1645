// The names of dumps, by format.

/**
 * `custom` and `directory`: PostgreSQL's archives, one file or a folder of them; `plain`: SQL that people and
 * psql can read; `native`: pgmage's own, made without any other program.
 */
export type Format = 'custom' | 'directory' | 'plain' | 'native';

const endings: Readonly<Record<Format, string>> = {
  custom: 'dump',
  directory: 'dir',
  plain: 'sql.gz',
  native: 'native',
};

const ending = new RegExp(`\\.(${Object.values(endings).join('|').replace('.', '\\.')})$`);

/** The name of a dump. */
export const dumpName = (stem: string, format: Format) => `${stem}.${endings[format]}`;

/** The format of a file or folder by its name; null: not a dump. */
export function detectFormat(name: string): Format | null {
  const found = ending.exec(name)?.[1];
  return (Object.keys(endings) as Format[]).find((format) => endings[format] === found) ?? null;
}

/** The name of a dump without what says its format. */
export const stripFormat = (name: string) => name.replace(ending, '');

/** A file of a folder. */
export interface FileSum {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}
