// The user's SQL files as texts.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Problem } from '../problem.ts';
import { decode } from '../sql/decode.ts';

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
  const name = shown(root, path);
  const paths = await attempt(name, () => list(path));
  const files = await Promise.all(
    paths.map(async (one) => {
      const file = shown(root, one);
      const { size } = await attempt(file, () => stat(one));
      if (size > limit) throw new Problem('file_too_big', { file, bytes: size, limit });
      return { file, text: decode(file, await attempt(file, () => readFile(one))) };
    }),
  );
  if (files.every(({ text }) => text.trim() === '')) throw new Problem('empty_file', { file: name });
  return files;
}

async function list(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.sql'));
  return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name));
}

function shown(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith('..') || inside === '' ? path : inside.replaceAll('\\', '/');
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Problem('missing_file', { file });
    throw new Problem('unreadable_file', { file, reason: message });
  }
}
