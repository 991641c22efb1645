// Advice for a command that was perhaps run in the wrong folder.
import { join, relative } from 'node:path';
import { exists } from '../config/file.ts';
import { findProjectsNear } from '../config/nearby.ts';
import { openProject } from '../config/project.ts';
import { Problem } from '../problem/problem.ts';
import { loadPackageFacts } from './builtin.ts';

/**
 * The same problem, with the folders of other projects in its hint where this one has no schema. It never
 * fails.
 * @param cwd the folder of the command
 */
export async function adviseFolder(problem: Problem, cwd: string): Promise<Problem> {
  if (problem.code !== 'missing_schema' && problem.code !== 'embedded_not_named') return problem;
  return addNear(problem, cwd).catch(() => problem);
}

async function addNear(problem: Problem, cwd: string): Promise<Problem> {
  const { version } = await loadPackageFacts();
  const { root, config } = await openProject(cwd, version);
  if (config.schema !== undefined || (await exists(join(root, 'schema', 'schema.sql')))) return problem;
  const near = (await findProjectsNear(root)).map((folder) => relative(cwd, folder));
  if (near.length === 0) return problem;
  const { code, data } = problem as Problem<'missing_schema' | 'embedded_not_named'>;
  return new Problem(code, { ...data, near });
}
