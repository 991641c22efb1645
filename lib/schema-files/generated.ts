// Files that pgmage writes whole, from a schema: documents and types.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../problem/problem.ts';
import { shownPath, type TextFile } from '../project/sql-files.ts';
import { type FileReport, type Replacement, reportFile, textAt } from './write.ts';

/** The files of one task. */
export interface GeneratedFiles {
  /** The project's folder. */
  readonly root: string;
  readonly task: string;
  /** Words near the start of each file, by which the task knows its own. */
  readonly mark: string;
  readonly files: readonly TextFile[];
  /** The folder in which other files with the mark are removed; left out: none is. */
  readonly folder?: string;
}

/**
 * Compares files with those that are there.
 * @throws Problem `not_generated` for one without the mark, `unreadable_file`
 */
export async function planGenerated(given: GeneratedFiles): Promise<Replacement> {
  const { root, task, files, folder } = given;
  const written: FileReport[] = [];
  for (const file of files) {
    const before = await textAt(root, file.file);
    if (before !== null && before !== '' && !isMarked(given, before))
      throw new Problem('not_generated', { file: file.file, task });
    written.push(...reportFile(file, before));
  }
  const wanted = new Set(files.map(({ file }) => file));
  const removed: string[] = [];
  for (const file of folder === undefined ? [] : await listFiles(root, folder)) {
    const text = wanted.has(file) ? null : await textAt(root, file);
    if (text !== null && isMarked(given, text)) removed.push(file);
  }
  return { written, removed };
}

// A document may begin with a line or two that its format asks for.
const isMarked = ({ mark }: GeneratedFiles, text: string) => text.slice(0, 1000).includes(mark);

async function listFiles(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && /\.(md|svg|html)$/.test(entry.name))
    .map((entry) => shownPath(root, join(entry.parentPath, entry.name)))
    .sort();
}
