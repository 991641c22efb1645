// Writes the files of a schema in place of the existing ones.
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeFolders, replaceFile } from '../config/file.ts';
import { isMissing, whileReading, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { shownPath, type TextFile } from '../project/sql-files.ts';

/** The place of a schema: one file, or a folder with a file for each object. */
export interface SchemaPlace {
  /** Absolute. */
  readonly path: string;
  readonly split: boolean;
}

/** The file by which psql loads a folder; pgmage does not read it. */
export const psqlLoadFile = 'load.psql';

/** One file that is written. */
export interface FileReport {
  /** Its path from the project's folder. */
  readonly file: string;
  readonly lines: number;
  /** The number of added and removed lines; null: the file is new. */
  readonly changed: { readonly added: number; readonly removed: number } | null;
}

/** The changes of the files. */
export interface Replacement {
  readonly written: readonly FileReport[];
  /** Files of the folder that go, because no object is in them any more. */
  readonly removed: readonly string[];
}

/**
 * The path to write: the given one, else that of the wanted schema.
 * @throws Problem `bad_option` where the wanted schema has several sources
 */
export async function resolvePlace(
  { root, schema, schemaSources }: Project,
  { out, split }: { readonly out?: string | undefined; readonly split?: boolean | undefined },
): Promise<SchemaPlace> {
  if (out === undefined && schemaSources !== undefined)
    throw new Problem('bad_option', { option: '--out', reason: `pgmage does not write into ${schema}` });
  const path = out === undefined ? schema : resolve(root, out);
  const isFile = path.endsWith('.sql') && !(await isFolder(path));
  if (!(split ?? !isFile)) return { path: isFile ? path : join(path, 'schema.sql'), split: false };
  const folder = dirname(path);
  return { path: !isFile ? path : folder === root ? join(root, 'schema') : folder, split: true };
}

/** Compares texts with the existing files. @throws Problem `unreadable_file` */
export async function planReplacement(
  project: Project,
  { path, split }: SchemaPlace,
  files: readonly TextFile[],
): Promise<Replacement> {
  const { root, schema, schemaSources } = project;
  const written: FileReport[] = [];
  for (const file of files) written.push(...reportFile(file, await textAt(root, file.file)));
  // The folder replaces the file of the wanted schema, unless it is a copy in another place.
  const isCopy = schemaSources !== undefined || path !== (await resolvePlace(project, { split: true })).path;
  const there = split
    ? [...(await sqlIn(path)), ...(schema.endsWith('.sql') && !isCopy ? [schema] : [])]
    : [];
  const wanted = new Set(files.map(({ file }) => file));
  const removed: string[] = [];
  for (const file of new Set(there.map((one) => shownPath(root, one))))
    if (!wanted.has(file) && (await textAt(root, file)) !== null) removed.push(file);
  return { written, removed };
}

/** How a file changes; nothing where it stays. */
export function reportFile({ file, text }: TextFile, before: string | null): FileReport[] {
  if (before === text) return [];
  const changed = before === null ? null : changedLines(before, text);
  return [{ file, lines: text.trimEnd().split('\n').length, changed }];
}

/** Writes the files, each all or not at all, and removes the others. @throws Problem `unwritable_file` */
export async function writeReplacement(
  root: string,
  files: readonly TextFile[],
  { written, removed }: Replacement,
): Promise<void> {
  const changed = new Set(written.map(({ file }) => file));
  for (const { file, text } of files) {
    if (!changed.has(file)) continue;
    const path = resolve(root, file);
    await whileWriting(file, async () => {
      await makeFolders(dirname(path));
      await replaceFile(path, text);
    });
  }
  for (const file of removed) await whileWriting(file, () => rm(resolve(root, file)));
}

// Lines are counted without their position: moving one changes nothing.
function changedLines(before: string, after: string): { added: number; removed: number } {
  const counts = new Map<string, number>();
  for (const line of linesOf(after)) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of linesOf(before)) counts.set(line, (counts.get(line) ?? 0) - 1);
  const sum = (sign: number) => [...counts.values()].reduce((all, one) => all + Math.max(0, sign * one), 0);
  return { added: sum(1), removed: sum(-1) };
}

const linesOf = (text: string) => text.split(/\r?\n/).filter((line) => line.trim() !== '');

/** The text of a file; null: there is none. @throws Problem `unreadable_file` */
export async function textAt(root: string, file: string): Promise<string | null> {
  return whileReading(file, () =>
    readFile(resolve(root, file), 'utf8').catch((thrown: unknown) => {
      if (isMissing(thrown)) return null;
      throw thrown;
    }),
  );
}

async function sqlIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names
    .filter((name) => name.endsWith('.sql') || name === psqlLoadFile)
    .map((name) => join(folder, name));
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}
