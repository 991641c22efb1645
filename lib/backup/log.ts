// The log of backups: one line of JSON for each run, for monitoring.
import type { Problems } from '../problem/codes.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { openRunLog } from '../project/run-log.ts';
import type { Workspace } from '../project/workspace.ts';
import type { MadeBackup } from './report.ts';

/**
 * Runs work and adds a line to a file: the backup, or the problem.
 * @param log the path of the file; left out: none
 * @throws Problem of the work; `unwritable_file`
 */
export async function withRunLog(
  workspace: Workspace,
  log: string | undefined,
  environment: string | null,
  work: () => Promise<MadeBackup>,
): Promise<MadeBackup> {
  const write = await openRunLog(workspace.project, log);
  const add = (line: object) => write({ time: workspace.world.now().toISOString(), ...line });
  let made: MadeBackup;
  try {
    made = await work();
  } catch (thrown) {
    const { code, message } = toProblem(thrown);
    // The cause is what the person must know, also where the log cannot be written.
    await add({ ok: false, environment, code, message }).catch(() => undefined);
    throw thrown;
  }
  const { database, file, bytes, rows, durationMs, verified, retries } = made;
  const line = {
    ok: true,
    environment: made.environment,
    database,
    file,
    bytes,
    rows,
    durationMs,
    verified: verified?.how,
    retries: retries.length,
  };
  await add(line).catch((thrown: unknown) => {
    const problem = toProblem(thrown);
    if (problem.code !== 'unwritable_file') throw problem;
    const data = problem.data as Problems['unwritable_file'];
    throw new Problem('unwritable_file', { ...data, reason: `${data.reason}. The backup is made: ${file}` });
  });
  return made;
}
