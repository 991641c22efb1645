// The folder of migrations: its files in their order, read and written.
import { readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeFolders, replaceFile } from '../config/file.ts';
import {
  type ChainBreak,
  describeBreak,
  findBreaks,
  listNamedFiles,
  type MigrationFile,
} from '../migration/chain.ts';
import { compareNames, isMigrationName, isProgramName } from '../migration/name.ts';
import { keepRange, splitParts, type TextRange } from '../migration/parts.ts';
import { parseMigration } from '../migration/text.ts';
import { isMissing, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { readForeign } from './foreign-migrations.ts';
import type { Project } from './project.ts';
import { readFile, shownPath, type TextFile } from './sql-files.ts';

/**
 * Reads the folder; without one there are no migrations.
 * @throws Problem `bad_migration`, `program_migration`, `unreadable_file`, `not_utf8`
 */
export async function readMigrations(project: Project): Promise<MigrationFile[]> {
  if (project.layout) return readForeign(project, project.layout);
  const entries = await readdir(project.migrations, { withFileTypes: true }).catch((thrown: unknown) => {
    if (isMissing(thrown)) return [];
    throw new Problem('unreadable_file', {
      file: shownPath(project.root, project.migrations),
      reason: (thrown as Error).message,
    });
  });
  const program = entries.find((entry) => !entry.isDirectory() && isProgramName(entry.name));
  if (program !== undefined)
    throw new Problem('program_migration', {
      file: shownPath(project.root, join(project.migrations, program.name)),
    });
  const names = entries
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.sql') && !entry.name.startsWith('.'))
    .map((entry) => entry.name.slice(0, -'.sql'.length));
  for (const name of names)
    if (!isMigrationName(name))
      throw new Problem('bad_migration', {
        file: fileOf(project, name),
        reason: 'its name does not begin with a number, or holds more than letters, digits, _, - and .',
      });
  return Promise.all(
    names.sort(compareNames).map(async (name) => {
      const text = await readFile(project.root, join(project.migrations, `${name}.sql`));
      return makeMigrationFile(project, name, text);
    }),
  );
}

/** A migration's text as a file of the folder. @throws Problem `bad_migration` */
export function makeMigrationFile(project: Project, name: string, text: string): MigrationFile {
  return { name, file: fileOf(project, name), text, migration: parseMigration(name, text) };
}

/** Refuses a folder whose files do not follow one another. @throws Problem `broken_chain` */
export function checkChain(files: readonly MigrationFile[]): void {
  const breaks = findBreaks(files);
  if (breaks.length > 0) throw brokenChain(breaks, files);
}

/** The problem of a folder whose files do not follow one another. */
export function brokenChain(
  breaks: readonly ChainBreak[],
  folder: readonly MigrationFile[],
): Problem<'broken_chain'> {
  const merged = breaks.every(({ is }) => is === 'branched');
  const texts = breaks.map(describeBreak);
  return new Problem('broken_chain', { breaks: texts, merged, files: listNamedFiles(texts, folder) });
}

/** The ways of a migration as files: everything else is blank, so that places stay. */
interface Ways {
  readonly up: TextFile;
  readonly down: TextFile | null;
}

// The same objects each time: what is parsed of a file is kept by its object.
const knownWays = new WeakMap<MigrationFile, Ways>();

function waysOf(of: MigrationFile): Ways {
  const found = knownWays.get(of) ?? splitWays(of);
  knownWays.set(of, found);
  return found;
}

function splitWays({ file, text, up: given }: MigrationFile): Ways {
  const { up, down } = splitParts(text);
  const keep = (range: TextRange) => ({ file, text: keepRange(text, range) });
  return { up: keep(given ?? up), down: down === null ? null : keep(down) };
}

/** Their ways up, as files to replay. */
export function listUps(files: readonly MigrationFile[]): TextFile[] {
  return files.map((file) => waysOf(file).up);
}

/** Their ways down, the same way; of those that have one. */
export function listDowns(files: readonly MigrationFile[]): TextFile[] {
  return files.flatMap((file) => waysOf(file).down ?? []);
}

/**
 * Writes composed migrations and deletes those that they replace, unless the folder changed meanwhile.
 * @throws Problem `migrations_changed`, `unwritable_file`
 */
export async function writeComposed(
  project: Project,
  { folder, written, removed }: Record<'folder' | 'written' | 'removed', readonly MigrationFile[]>,
): Promise<void> {
  if (written.length + removed.length === 0) return;
  await checkUnchanged(project, folder);
  await removeMigrations(
    project,
    removed.map(({ name }) => name),
  );
  await writeMigrations(project, written);
}

/** Refuses a folder that is not as it was read any more. @throws Problem `migrations_changed` */
export async function checkUnchanged(project: Project, folder: readonly MigrationFile[]): Promise<void> {
  const known = new Map(folder.map(({ name, text }) => [name, text]));
  const now = await readMigrations(project);
  const other = now.filter(({ name, text }) => known.get(name) !== text).map(({ file }) => file);
  const gone = folder.filter(({ name }) => now.every((file) => file.name !== name));
  const changed = [...other, ...gone.map(({ file }) => file)];
  if (changed.length > 0) throw new Problem('migrations_changed', { files: changed });
}

/** Writes files, each all or not at all. @throws Problem `unwritable_file` */
export async function writeMigrations(project: Project, files: readonly MigrationFile[]): Promise<void> {
  for (const { file, text } of files)
    await whileWriting(file, async () => {
      const path = resolve(project.root, file);
      await makeFolders(dirname(path));
      await replaceFile(path, text);
    });
}

/** Removes files. @throws Problem `unwritable_file` */
export async function removeMigrations(project: Project, names: readonly string[]): Promise<void> {
  for (const name of names)
    await whileWriting(fileOf(project, name), () => rm(join(project.migrations, `${name}.sql`)));
}

function fileOf(project: Project, name: string): string {
  return shownPath(project.root, join(project.migrations, `${name}.sql`));
}
