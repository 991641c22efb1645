// The paths of files from the root of the repository that GitHub or GitLab checked out.
import { realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Variables } from '../config/environment.ts';
import { exists } from '../config/file.ts';
import type { Paper } from '../report/paper.ts';

/**
 * Finds how the files of a project are called in its repository.
 * @param root the folder of the project
 * @param variables GITHUB_WORKSPACE or CI_PROJECT_DIR name the folder that a job checked out into
 * @returns nothing where no job checked out the project; a file outside of the repository keeps its path
 */
export async function findFilePaths(
  root: string,
  { GITHUB_WORKSPACE: workspace = '', CI_PROJECT_DIR: checkout = '' }: Variables,
): Promise<Pick<Paper, 'repositoryPath'>> {
  const folder = workspace || checkout;
  if (folder === '') return {};
  const [top, project] = await Promise.all([findReal(folder), findReal(root)]);
  if (!isInside(top, project)) return {};
  const repository = await findRepository(top, project);
  return {
    repositoryPath(file) {
      const path = relative(repository, resolve(project, relative(root, resolve(root, file))));
      return path.startsWith('..') ? file : path.replaceAll('\\', '/');
    },
  };
}

const findReal = (path: string) => realpath(path).catch(() => path);

// `actions/checkout` with `path` puts the repository into a folder of the workspace.
async function findRepository(top: string, project: string): Promise<string> {
  for (let folder = project; folder !== top; folder = dirname(folder))
    if (await exists(join(folder, '.git'))) return folder;
  return top;
}

const isInside = (folder: string, path: string) => path === folder || path.startsWith(folder + sep);
