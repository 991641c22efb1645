// The chain of a folder of migrations, and how it breaks.
import type { TextRange } from './parts.ts';
import type { ParsedMigration } from './text.ts';

/** One file of the folder. */
export interface MigrationFile {
  /** Its name without `.sql`. */
  readonly name: string;
  /** As people know it: its path from the project's folder. */
  readonly file: string;
  readonly text: string;
  readonly migration: ParsedMigration;
  /** The part of the text that leads forward, where another tool's rules say so. */
  readonly up?: TextRange;
}

/**
 * A fault of one file. `edited`: its text differs from the sealed one. `renamed`: it was sealed under the
 * name `other`. `duplicated`: it is a copy of `other`. `orphaned`: the migration that it follows is missing.
 * `reordered`: it follows `other`, which sorts after it. `branched`: it and the earlier `other` follow the
 * same migration. `unsealed`: it is a draft before sealed files. `unfitting`: it starts from another schema
 * than `other` ends at.
 */
export interface ChainBreak {
  readonly is:
    | 'edited'
    | 'renamed'
    | 'duplicated'
    | 'orphaned'
    | 'reordered'
    | 'branched'
    | 'unsealed'
    | 'unfitting';
  readonly name: string;
  readonly other: string | null;
}

/**
 * The faults of a folder, in the order of its files.
 * @param files in their order (`compareNames`)
 */
export function findBreaks(files: readonly MigrationFile[]): ChainBreak[] {
  const found: ChainBreak[] = [];
  const lastSealed = files.findLastIndex(({ migration }) => migration.header !== null);
  const places = new Map<string, number>();
  files.forEach(({ migration }, at) => {
    if (migration.stated !== null && !places.has(migration.stated)) places.set(migration.stated, at);
  });
  let before: MigrationFile | null = null;
  files.forEach((file, at) => {
    const { name, migration } = file;
    const { header, stated, checksum } = migration;
    const add = (is: ChainBreak['is'], other: string | null = null) => found.push({ is, name, other });
    if (header === null) {
      if (at < lastSealed) add('unsealed');
      return;
    }
    const first = files[places.get(stated as string) as number] as MigrationFile;
    if (first !== file) {
      add('duplicated', first.name);
      return;
    }
    if (migration.name !== name) add('renamed', migration.name);
    if (stated !== checksum) add('edited');
    const expected = before?.migration.stated ?? null;
    if (header.after !== expected) {
      const place = header.after === null ? -1 : places.get(header.after);
      if (place === undefined) add('orphaned');
      else if (place >= at) add('reordered', files[place]?.name ?? null);
      else add('branched', before?.name ?? null);
    } else {
      const last = before?.migration.header;
      if (last && last.reader === header.reader && last.to !== header.from) add('unfitting', before?.name);
    }
    before = file;
  });
  return found;
}

/** A folder in which branches were merged. */
export interface Branches {
  /** Those that follow one another, from the first. */
  readonly line: readonly MigrationFile[];
  /** The others, in their order. */
  readonly rest: readonly MigrationFile[];
}

/**
 * The branches of a folder. Where several files follow one, the line continues with the applied file, else
 * with the first.
 * @param files sealed ones, in their order
 * @param applied names of those that are applied to some database
 */
export function findBranches(files: readonly MigrationFile[], applied: ReadonlySet<string>): Branches {
  const line: MigrationFile[] = [];
  const following = (last: MigrationFile | undefined) =>
    files.filter(({ migration }) => migration.header?.after === (last?.migration.stated ?? null));
  const reaches = (file: MigrationFile): boolean => applied.has(file.name) || following(file).some(reaches);
  for (let next = following(undefined); next.length > 0; next = following(line.at(-1)))
    line.push(next.find(reaches) ?? (next[0] as MigrationFile));
  return { line, rest: files.filter((file) => !line.includes(file)) };
}

const words: Readonly<Record<ChainBreak['is'], (of: ChainBreak) => string>> = {
  edited: ({ name }) => `${name} was edited`,
  renamed: ({ name, other }) => `${name} was renamed from ${other}`,
  duplicated: ({ name, other }) => `${name} is a copy of ${other}`,
  orphaned: ({ name }) => `${name} follows a migration that is missing or was edited`,
  reordered: ({ name, other }) => `${name} follows ${other}, but its name sorts before it`,
  branched: ({ name, other }) =>
    `${name} and ${other} follow the same migration (db:generate --rebase orders them)`,
  unsealed: ({ name }) => `${name} is a draft, but sealed migrations come after it`,
  unfitting: ({ name, other }) => `${name} starts from another schema than ${other} ends at`,
};

/** A break in words. */
export function describeBreak(one: ChainBreak): string {
  return words[one.is](one);
}

/**
 * The file of the migration that a text names first; null: it names none.
 * @param files those of the folder
 */
export function findNamedFile(
  text: string,
  files: readonly Pick<MigrationFile, 'name' | 'file'>[],
): string | null {
  let found: { readonly at: number; readonly name: string; readonly file: string } | null = null;
  for (const { name, file } of files) {
    const at = text.indexOf(name);
    // A name may be the beginning of another one.
    const isBefore = found === null || at < found.at || (at === found.at && name.length > found.name.length);
    if (at >= 0 && isBefore) found = { at, name, file };
  }
  return found?.file ?? null;
}

/** The files that texts name, each once. */
export function listNamedFiles(texts: readonly string[], files: readonly MigrationFile[]): string[] {
  return [...new Set(texts.flatMap((text) => findNamedFile(text, files) ?? []))];
}
