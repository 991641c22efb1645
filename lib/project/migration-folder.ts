// The folder of migrations: its files in their order, read and written.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { breaksOf, breakWords, type MigrationFile } from '../migration/chain.ts';
import { compareNames, isMigrationName } from '../migration/name.ts';
import { only, partsOf } from '../migration/parts.ts';
import { parse } from '../migration/text.ts';
import { isMissing, writing } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Context } from './context.ts';
import { readForeign } from './foreign-migrations.ts';
import { readFile, shownPath, type TextFile } from './sql-files.ts';

/**
 * Reads the folder; without one there are no migrations.
 * @throws Problem `bad_migration`, `unreadable_file`, `not_utf8`
 */
export async function readMigrations(context: Context): Promise<MigrationFile[]> {
  if (context.layout) return readForeign(context, context.layout);
  const entries = await readdir(context.migrations, { withFileTypes: true }).catch((thrown: unknown) => {
    if (isMissing(thrown)) return [];
    throw new Problem('unreadable_file', {
      file: shownPath(context.root, context.migrations),
      reason: (thrown as Error).message,
    });
  });
  const names = entries
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.sql') && !entry.name.startsWith('.'))
    .map((entry) => entry.name.slice(0, -'.sql'.length));
  for (const name of names)
    if (!isMigrationName(name))
      throw new Problem('bad_migration', {
        file: fileOf(context, name),
        reason: 'its name does not begin with a number, or holds more than letters, digits, _, - and .',
      });
  return Promise.all(
    names.sort(compareNames).map(async (name) => {
      const text = await readFile(context.root, join(context.migrations, `${name}.sql`));
      return migrationFile(context, name, text);
    }),
  );
}

/** A migration's text as a file of the folder. @throws Problem `bad_migration` */
export function migrationFile(context: Context, name: string, text: string): MigrationFile {
  return { name, file: fileOf(context, name), text, migration: parse(name, text) };
}

/** Refuses a folder whose files do not follow one another. @throws Problem `broken_chain` */
export function checkChain(files: readonly MigrationFile[]): void {
  const breaks = breaksOf(files);
  if (breaks.length > 0) throw new Problem('broken_chain', { breaks: breaks.map(breakWords) });
}

/** Their ways up, as files to replay: everything else is blank, so that places stay. */
export function forward(files: readonly MigrationFile[]): TextFile[] {
  return files.map(({ file, text, up = partsOf(text).up }) => ({ file, text: only(text, up) }));
}

/** Their ways down, the same way; of those that have one. */
export function backward(files: readonly MigrationFile[]): TextFile[] {
  return files.flatMap(({ file, text }) => {
    const { down } = partsOf(text);
    return down === null ? [] : [{ file, text: only(text, down) }];
  });
}

/**
 * Writes what was composed from a folder, unless that has other files by now.
 * @throws Problem `migrations_changed`, `unwritable_file`
 */
export async function writeComposed(
  context: Context,
  { folder, written }: { folder: readonly MigrationFile[]; written: readonly MigrationFile[] },
): Promise<void> {
  if (written.length === 0) return;
  await checkUnchanged(context, folder);
  await writeMigrations(context, written);
}

/** Refuses a folder that is not as it was read any more. @throws Problem `migrations_changed` */
export async function checkUnchanged(context: Context, folder: readonly MigrationFile[]): Promise<void> {
  const known = new Map(folder.map(({ name, text }) => [name, text]));
  const now = await readMigrations(context);
  const other = now.filter(({ name, text }) => known.get(name) !== text).map(({ file }) => file);
  const gone = folder.filter(({ name }) => now.every((file) => file.name !== name));
  const changed = [...other, ...gone.map(({ file }) => file)];
  if (changed.length > 0) throw new Problem('migrations_changed', { files: changed });
}

/** Writes files, each all or not at all. @throws Problem `unwritable_file` */
export async function writeMigrations(context: Context, files: readonly MigrationFile[]): Promise<void> {
  for (const { name, file, text } of files) {
    const path = resolve(context.root, file);
    const draft = join(dirname(path), `.${name}.${randomUUID()}`);
    await writing(file, async () => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(draft, text);
      await rename(draft, path);
    });
  }
}

/** Removes files. @throws Problem `unwritable_file` */
export async function removeMigrations(context: Context, names: readonly string[]): Promise<void> {
  for (const name of names)
    await writing(fileOf(context, name), () => rm(join(context.migrations, `${name}.sql`)));
}

function fileOf(context: Context, name: string): string {
  return shownPath(context.root, join(context.migrations, `${name}.sql`));
}
