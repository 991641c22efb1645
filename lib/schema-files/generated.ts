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
  /** The first comment of each file, or its beginning: by it the task knows its own. */
  readonly mark: string;
  readonly files: readonly TextFile[];
  /** The names of files with the mark that are removed from the folder itself; left out: none is. */
  readonly swept?: { readonly folder: string; readonly names: RegExp };
}

/**
 * Compares files with those that are there.
 * @throws Problem `not_generated` for one without the mark, `unreadable_file`
 */
export async function planGenerated(given: GeneratedFiles): Promise<Replacement> {
  const { root, task, files, swept } = given;
  const written: FileReport[] = [];
  for (const file of files) {
    const before = await textAt(root, file.file);
    if (before !== null && before !== '' && !isMarked(given, before))
      throw new Problem('not_generated', { file: file.file, task });
    written.push(...reportFile(file, before));
  }
  const wanted = new Set(files.map(({ file }) => file));
  const removed: string[] = [];
  for (const file of swept === undefined ? [] : await listFiles(root, swept)) {
    const text = wanted.has(file) ? null : await textAt(root, file);
    if (text !== null && isMarked(given, text)) removed.push(file);
  }
  return { written, removed };
}

// A document may begin with a line that its format asks for.
const isMarked = ({ mark }: GeneratedFiles, text: string) =>
  text.replace(/^(<!doctype html>|<\?xml [^\n]*\?>)\r?\n/, '').startsWith(mark);

type Swept = NonNullable<GeneratedFiles['swept']>;

async function listFiles(root: string, { folder, names }: Swept): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && names.test(entry.name))
    .map((entry) => shownPath(root, join(folder, entry.name)))
    .sort();
}
