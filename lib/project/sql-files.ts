// The user's SQL files as texts.
import { readFile as read, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { decode } from '../sql/decode.ts';
import { holdsStatement } from '../sql/psql-commands.ts';

/** One file. */
export interface TextFile {
  /** As people know it: relative to the project, where it is inside. */
  readonly file: string;
  readonly text: string;
}

// One message to a server can hold a gigabyte, but a shadow in the process has far less memory.
const limit = 256 * 2 ** 20;

/**
 * Reads a `.sql` file, or all of a folder and the folders in it, in the order of their paths.
 * @throws Problem `missing_file`, `unreadable_file`, `empty_file`, `file_too_big`, `not_utf8`
 */
export async function readFiles(root: string, path: string): Promise<TextFile[]> {
  const files = await readTexts(root, path);
  refuseEmpty(shownPath(root, path), files);
  return files;
}

/**
 * The same, also of files without a statement.
 * @throws Problem `missing_file`, `unreadable_file`, `file_too_big`, `not_utf8`
 */
export async function readTexts(root: string, path: string): Promise<TextFile[]> {
  const paths = await whileReading(shownPath(root, path), () => list(path));
  return Promise.all(
    paths.map(async (one) => ({ file: shownPath(root, one), text: await readFile(root, one) })),
  );
}

/** Refuses files without a statement; `name` is the source that they are of. @throws Problem `empty_file` */
export function refuseEmpty(name: string, files: readonly TextFile[]): void {
  if (files.some(({ text }) => holdsStatement(text))) return;
  throw new Problem('empty_file', { file: name, comments: files.some(({ text }) => text.trim() !== '') });
}

/**
 * Reads one file as text.
 * @throws Problem `missing_file`, `unreadable_file`, `file_too_big`, `not_utf8`
 */
export async function readFile(root: string, path: string): Promise<string> {
  const file = shownPath(root, path);
  const { size } = await whileReading(file, () => stat(path));
  if (size > limit) throw new Problem('file_too_big', { file, bytes: size, limit });
  return decode(file, await whileReading(file, () => read(path)));
}

async function list(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.sql'));
  return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name));
}

/** A path as it is shown: relative to the project where it is inside, with slashes. */
export function shownPath(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith('..') || inside === '' ? path : inside.replaceAll('\\', '/');
}
