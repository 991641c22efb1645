// The embedded database of a project: one process at a time uses it, and the next one waits.
import { join } from 'node:path';
import { makeFolder } from '../config/file.ts';
import { lockAttempts } from '../ledger/lock-retry.ts';
import type { Connection } from '../pg/connection.ts';
import { shownPath } from './sql-files.ts';
import type { Workspace } from './workspace.ts';

// Milliseconds. A command that asks a question keeps the database until it has an answer.
const usualLimit = 60_000;

/**
 * Opens it, after a wait for another process that uses it.
 * @param extensions extensions that the work will create: only these are loaded
 * @throws Problem `shadow_locked` where that process keeps it, `embedded_damaged`
 */
export async function openOwnDatabase(
  { project, world }: Workspace,
  extensions: Iterable<string>,
): Promise<Connection> {
  const { openEmbedded } = await import('../shadow/embedded.ts');
  const { root, embedded, cacheDir, lockTimeout } = project;
  // A database in .pgmage is not for version control. A failure is reported by what writes there.
  if (embedded.startsWith(join(root, '.pgmage'))) await makeFolder(root).catch(() => undefined);
  const progress = (message: string) => world.progress(message);
  const limit = lockTimeout === undefined ? usualLimit : lockTimeout * lockAttempts;
  return openEmbedded(embedded, {
    cacheDir,
    extensions,
    progress,
    wait: {
      limit: limit || Number.POSITIVE_INFINITY,
      begin: ({ pid, host }) =>
        progress(
          `Waiting for process ${pid}${host === null ? '' : ` on ${host}`}, which uses the embedded` +
            ` database in ${shownPath(root, embedded)}`,
        ),
    },
  });
}
