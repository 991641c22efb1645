// The files of the project as a commit of its repository has them, by git.

import { realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { Problem } from '../problem/problem.ts';
import { readOutput } from '../programs/run.ts';
import { shownPath, type TextFile } from './sql-files.ts';

/** A commit, beside the files as they are now. */
export interface Commit {
  /** True if the commit has a file of that path. */
  holds(path: string): boolean;
  /** True if the file is the same now. */
  isUnchanged(path: string): boolean;
  /** The files of the commit at a path: that file, or those of that folder. @throws Problem `bad_option` */
  read(path: string): Promise<TextFile[]>;
}

/**
 * Opens a commit.
 * @param root the folder of the project, from which paths count
 * @param base the name of the commit: a branch, a tag or an id
 * @throws Problem `bad_option` of --base, where git does not know it
 */
export async function openCommit(root: string, base: string): Promise<Commit> {
  const bad = (reason: string) => new Problem('bad_option', { option: '--base', reason });
  if (!/^[\w][\w./~^@{}-]*$/.test(base)) throw bad(`${base} is not the name of a commit`);
  const git = async (...args: string[]) => {
    const { failure, text } = await readOutput({ file: 'git', args, cwd: root, timeout: 30_000 });
    if (failure !== null) throw bad(`git does not know ${base} (${failure})`);
    return text;
  };
  const [folder, project] = await Promise.all([
    git('rev-parse', '--show-toplevel').then((text) => realpath(text.replace(/\r?\n$/, ''))),
    realpath(root),
  ]);
  const list = async (...args: string[]) => (await git(...args)).split('\0').filter((path) => path !== '');
  const [files, changed] = await Promise.all([
    list('ls-tree', '-r', '--full-tree', '--name-only', '-z', base),
    list('diff', '--no-relative', '--no-renames', '--no-ext-diff', '--name-only', '-z', base, '--'),
  ]).then((lists) => lists.map((one) => new Set(one)) as [Set<string>, Set<string>]);
  // The root may be a symbolic link to a folder of the repository.
  const toName = (path: string) =>
    relative(folder, resolve(project, relative(root, resolve(root, path)))).replaceAll('\\', '/');
  return {
    holds: (path) => files.has(toName(path)),
    isUnchanged: (path) => files.has(toName(path)) && !changed.has(toName(path)),
    async read(path) {
      const name = toName(path);
      const own = [...files].filter((file) => file === name || isSqlIn(name, file)).sort();
      return Promise.all(
        own.map(async (file) => {
          const text = await git('show', `${base}:${file}`);
          return { file: shownPath(project, join(folder, file)), text: text.replace(/^\ufeff/, '') };
        }),
      );
    },
  };
}

const isSqlIn = (folder: string, file: string) => file.startsWith(`${folder}/`) && file.endsWith('.sql');
