// The log of backups: one line of JSON for each run, for monitoring.
import { appendFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { whileWriting } from '../problem/file.ts';
import { toProblem } from '../problem/problem.ts';
import { shownPath } from '../project/sql-files.ts';
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
  if (log === undefined) return work();
  const path = resolve(workspace.project.root, log);
  const add = (line: object) =>
    whileWriting(shownPath(workspace.project.root, path), () =>
      appendFile(path, `${JSON.stringify({ time: workspace.world.now().toISOString(), ...line })}\n`, {
        mode: 0o600,
      }),
    );
  // Without a log, a failure would go unnoticed.
  await whileWriting(shownPath(workspace.project.root, path), () => appendFile(path, '', { mode: 0o600 }));
  let made: MadeBackup;
  try {
    made = await work();
  } catch (thrown) {
    const { code, message } = toProblem(thrown);
    await add({ ok: false, environment, code, message });
    throw thrown;
  }
  const { database, file, bytes, rows, durationMs, verified, retries } = made;
  await add({
    ok: true,
    environment: made.environment,
    database,
    file,
    bytes,
    rows,
    durationMs,
    verified: verified?.how,
    retries: retries.length,
  });
  return made;
}
