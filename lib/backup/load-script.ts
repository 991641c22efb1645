// Replaces or extends the content of a database by a script that pgmage did not write, in one transaction.
import { type Digest, digestRelations, listRelations } from '../flow/digest.ts';
import type { ProgressSink } from '../flow/progress.ts';
import { buildTableLocks, listHeldTables } from '../flow/tables.ts';
import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings, restoreSettings } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { clearTarget } from './load.ts';
import { inOwnTransaction } from './own-transaction.ts';
import { checkScript, runScript, type ScriptContent, type ScriptCounts } from './run-script.ts';
import { type ScriptFile, withScript } from './script-source.ts';

/** The script, and the options of the load. */
export interface ScriptLoad {
  readonly file: ScriptFile;
  readonly environment: string;
  /** Keeps the content of the database. */
  readonly append: boolean;
  readonly noOwner: boolean;
  /** Milliseconds to wait for a lock; 0: no limit. */
  readonly lockTimeout: number;
  readonly signal: AbortSignal;
  readonly teller: ProgressSink;
  /** Receives the number of the transaction before COMMIT is sent. */
  readonly mark?: CommitMark;
  /** Is called when no other session can write to what will be dropped. */
  prepared(): Promise<void>;
  /** Is called before the commit, which an error of it prevents. */
  finished(): Promise<void>;
}

/**
 * Reads a script without running it.
 * @throws Problem `script_refused` with all that cannot run, `invalid_sql`, `backup_damaged`, `client_failed`
 */
export function inspectScript(
  connection: ServerConnection,
  { file, noOwner, signal, teller }: Pick<ScriptLoad, 'file' | 'noOwner' | 'signal' | 'teller'>,
): Promise<ScriptContent> {
  const use = { file: file.name, major: connection.major, noOwner };
  return withScript(file, { noOwner, signal, teller, doing: 'Checking' }, (text) =>
    checkScript(connection, text, use),
  );
}

/**
 * Runs a script with the rights of the session, and commits all of it or nothing. A failure, or the end of
 * this process, leaves the database unchanged.
 * @throws Problem `script_refused`, `unfit_target`, `backup_damaged`, `client_failed`; of the statements,
 * with file and line; of the connection
 */
export async function loadScriptFile(connection: ServerConnection, load: ScriptLoad): Promise<ScriptCounts> {
  const { file, environment, append, noOwner, lockTimeout, signal, teller } = load;
  const use = { file: file.name, major: connection.major, noOwner };
  const own = { environment, begin: 'begin', mark: load.mark };
  return inOwnTransaction(connection, own, async (check) => {
    await connection.execute(`${readingSettings}; set local lock_timeout = ${lockTimeout}`);
    if (!append) await keepWriters(connection);
    await load.prepared();
    const ledger = append ? await digestLedger(connection) : null;
    if (!append) await clearTarget(connection, load);
    await connection.execute(`${restoreSettings}; set local lock_timeout = ${lockTimeout}`);
    const counts = await withScript(file, { noOwner, signal, teller, doing: 'Loading' }, (text) =>
      runScript(connection, text, use),
    );
    // The script may have changed all of them.
    await connection.execute(`reset session authorization; reset role; ${readingSettings}`);
    await check();
    if (ledger !== null && (await digestLedger(connection)) !== ledger)
      throw new Problem('script_refused', {
        file: file.name,
        faults: ['it changes the ledger of pgmage, the schema pgmage'],
      });
    await load.finished();
    return counts;
  });
}

// Rows that other sessions write after the backup would be lost.
async function keepWriters(connection: ServerConnection): Promise<void> {
  const locks = buildTableLocks(await listHeldTables(connection));
  if (locks !== '') await connection.execute(locks.replace(/access share mode$/, 'share row exclusive mode'));
}

// The rows of the ledger, as a text that is equal for equal rows.
async function digestLedger(connection: ServerConnection): Promise<string> {
  const own = (await listRelations(connection)).filter(({ name }) => name.startsWith('pgmage.'));
  const digests: readonly Digest[] = await digestRelations(connection, own);
  return JSON.stringify(digests);
}
