// The migrations that count as applied in a plan: those of a commit, or of a target that db:sync refuses.

import { readTargetState } from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { openCommit } from '../project/commit.ts';
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
  const commit = await openCommit(project.root, base);
  const isThere = ({ file }: MigrationFile) => commit.holds(file);
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
