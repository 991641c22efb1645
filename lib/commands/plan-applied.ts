// The migrations that count as applied in a plan: those of a commit, or of a target that db:sync refuses.

import { resolve } from 'node:path';
import { readTargetState } from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { Problem } from '../problem/problem.ts';
import { readOutput } from '../programs/run.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';

/**
 * The migrations of a commit; without one, all that are written.
 * @param folder the folder as it is now
 * @throws Problem `bad_option`
 */
export async function appliedAt(
  { project }: Workspace,
  folder: readonly MigrationFile[],
  base: string | undefined,
): Promise<readonly MigrationFile[]> {
  if (base === undefined) return folder;
  const bad = (reason: string) => new Problem('bad_option', { option: '--base', reason });
  if (!/^[\w][\w./~^@{}-]*$/.test(base)) throw bad(`${base} is not the name of a commit`);
  if (folder.length === 0) return [];
  // In a folder git lists the files of that folder, by their paths from there.
  const args = ['ls-tree', '-r', '--name-only', '-z', base];
  const cwd = project.migrations;
  const { failure, text } = await readOutput({ file: 'git', args, cwd, timeout: 10_000 });
  if (failure !== null) throw bad(`git does not know ${base} (${failure})`);
  const paths = new Set(text.split('\0').map((path) => resolve(cwd, path)));
  const isThere = ({ file }: MigrationFile) => paths.has(resolve(project.root, file));
  // Other tools apply also what sorts before; pgmage's own files follow one another.
  return project.layout ? folder.filter(isThere) : folder.slice(0, folder.findLastIndex(isThere) + 1);
}

/**
 * The migrations that a target's ledger has, also where its schema is another.
 * @throws Problem of the connection
 */
export async function appliedTo(
  workspace: Workspace,
  env: string,
  files: readonly MigrationFile[],
): Promise<readonly MigrationFile[]> {
  const target = await workspace.world.environment(env);
  const { standing } = await withTarget(workspace, target, (connection) =>
    readTargetState(workspace, connection, files),
  );
  return files.slice(0, standing.applied);
}
