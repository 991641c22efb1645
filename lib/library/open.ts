// The workspace of one call of a program.
import type { Workspace } from '../project/workspace.ts';
import type { ProgramOptions } from '../runner/program.ts';

/** Opens a workspace for one work, and disposes it. @throws Problem `bad_config`; of the work */
export async function withProgram<T>(
  options: ProgramOptions,
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const { openProgram } = await import('../runner/program.ts');
  await using workspace = await openProgram(options);
  return work(workspace);
}
