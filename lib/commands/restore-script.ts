// Loads a script or an archive that has no manifest of pgmage, completely or not at all.
import { inspectScript, loadScriptFile } from '../backup/load-script.ts';
import { listUndroppable } from '../backup/needs.ts';
import type { BackupReport, MadeBackup } from '../backup/report.ts';
import type { ScriptContent, ScriptCounts } from '../backup/run-script.ts';
import { findScript, type ScriptFile } from '../backup/script-source.ts';
import { isMaintenanceDatabase } from '../copy/preflight.ts';
import { collectStatistics, readChangedTables } from '../copy/statistics.ts';
import { withLock } from '../ledger/lock.ts';
import { type CommitMark, describeOutcome, readOutcome, statingOutcome } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, confirm } from '../project/confirmation.ts';
import { markCommit } from '../project/late-commit.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import { openServer, type Reachable, readDatabaseName } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import {
  findProtected,
  type ProtectedDatabase,
  refuseProtected,
  refuseUnconfirmed,
} from '../project/write-access.ts';
import { backup } from './backup.ts';
import { type Destroyed, listHoldings, type RestoreInput } from './restore.ts';

/** The options of `db:restore --without-manifest`. */
export interface ScriptInput extends RestoreInput {
  /** Keep the content of the database, and run the script in it. */
  readonly append?: boolean;
  /** False: make no backup of the target first. By default pgmage makes one if the target has rows. */
  readonly backupFirst?: boolean;
}

/** The plan of `db:restore --without-manifest`. */
export interface ScriptPlan {
  readonly target: NamedTarget;
  readonly script: Pick<ScriptFile, 'format' | 'bytes'> & ScriptContent & { readonly file: string };
  readonly append: boolean;
  /** The content of the target that will be lost. */
  readonly destroyed: readonly Destroyed[];
  /** True if the target is backed up first. */
  readonly backupFirst: boolean;
}

/** The report of `db:restore --without-manifest`. */
export interface ScriptReport extends ScriptPlan {
  /** The effect of the script; null: it was declined, and nothing was changed. */
  readonly loaded: ScriptCounts | null;
  /** The backup of the target before; null: none was made. */
  readonly safety: BackupReport | null;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Loads SQL or an archive of pg_dump into an environment, in one transaction, after a verified backup. The
 * script runs with the rights of the target's role, as psql would run it. What may pass is tried again.
 * @param file a name in the folder of backups, or a path
 * @throws Problem `protected_target`, `missing_file`, `script_refused`, `backup_damaged`, `unfit_target`,
 * `no_client`, `data_loss_refused`, `confirmation_needed`, `migration_running`, `client_failed`; of the
 * backup, of the statements, of the connection
 */
export async function restoreScript(
  workspace: Workspace,
  file: string,
  input: ScriptInput,
  ask: Ask<ScriptPlan>,
): Promise<ScriptReport> {
  const { url, ...target } = await workspace.world.environment(input.to);
  if (url === null) throw new Problem('no_server', { environment: target.name });
  refuseUnconfirmed(target, input);
  const guarded = findProtected(workspace.world, { ...target, url }, input);
  const script = await findScript(workspace.project, input.dir, file);
  // A retry does not ask again.
  let agreedTo = false;
  const agree = async (plan: ScriptPlan) => {
    const losses = plan.destroyed.filter(({ rows }) => rows > 0);
    const told = losses.map(({ name, rows }) => `${name} (${rows} ${rows === 1 ? 'row' : 'rows'})`);
    agreedTo ||= await confirm({ what: `db:restore to ${target.name}`, plan, losses: told }, input, ask);
    return agreedTo;
  };
  return withRetries(workspace.world, async (tries, reached) => {
    const attempt = { script, input, guarded: await guarded, agree, reached };
    const done = await loadInto(workspace, { ...target, url }, attempt);
    return { ...done, retries: [...tries] };
  });
}

/** One try to load a script. */
interface ScriptAttempt {
  readonly script: ScriptFile;
  readonly input: ScriptInput;
  readonly guarded: readonly ProtectedDatabase[];
  agree(plan: ScriptPlan): Promise<boolean>;
  /** Is called when the server has let us in. */
  reached(): void;
}

type Tried = Omit<ScriptReport, 'retries'>;

async function loadInto(workspace: Workspace, target: Reachable, attempt: ScriptAttempt): Promise<Tried> {
  const { project, world } = workspace;
  const connection = await openServer(target);
  const [stopping, mark] = [new AbortController(), markCommit(world, target)];
  // The server rolls back when its client is gone.
  const forget = world.onInterrupt?.(async () => {
    stopping.abort();
    if (mark.id === null) return undefined;
    await connection.close();
    const outcome = await readOutcome(() => openServer(target), mark);
    return describeOutcome(target.name, outcome, attempt.input.append);
  });
  // The script cannot give the lock of another session away.
  let keeper: ServerConnection | undefined;
  try {
    attempt.reached();
    await refuseProtected(project, connection, target, attempt.guarded);
    const holder = await openServer(target);
    keeper = holder;
    return await withLock(holder, target.name, () =>
      underLock(workspace, target, attempt, { connection, holder, mark, signal: stopping.signal }),
    );
  } finally {
    forget?.();
    await connection.close().catch(() => undefined);
    await keeper?.close().catch(() => undefined);
  }
}

/** The sessions of one try. */
interface ScriptSessions {
  readonly connection: ServerConnection;
  /** Holds the lock. */
  readonly holder: ServerConnection;
  readonly mark: CommitMark;
  readonly signal: AbortSignal;
}

async function underLock(
  workspace: Workspace,
  target: Reachable,
  { script, input, agree }: ScriptAttempt,
  { connection, holder, mark, signal }: ScriptSessions,
): Promise<Tried> {
  const { project, world } = workspace;
  const { append = false, noOwner = false, backupFirst: isWanted = true } = input;
  if (!append) await refuseUndroppable(connection, target.name, input.force ?? false);
  world.progress(`Checking ${script.name}`);
  const content = await inspectScript(connection, { file: script, noOwner, signal, teller: world });
  const holds = await listHoldings(connection);
  const plan: ScriptPlan = {
    target: nameTarget(project, target),
    script: { file: script.name, format: script.format, bytes: script.bytes, ...content },
    append,
    destroyed: append ? [] : holds,
    backupFirst: isWanted && holds.some(hasRows),
  };
  if (!(await agree(plan))) return { ...plan, loaded: null, safety: null, durationMs: 0 };
  const started = world.now().getTime();
  let safety: MadeBackup | null = null;
  let changed: readonly string[] | undefined;
  const loaded = await loadStating(connection, mark, {
    ...{ file: script, environment: target.name, append, noOwner, signal, mark, teller: world },
    lockTimeout: project.lockTimeout ?? 3000,
    async prepared() {
      // Rows may have come after they were counted. Now none can come.
      const wanted = plan.backupFirst || (isWanted && (await listHoldings(holder)).some(hasRows));
      if (wanted) safety = await backUp(workspace, input);
    },
    async finished() {
      await refuseLostLock(holder, target.name);
      await world.beforeCommit?.(connection);
      if (append) changed = await readChangedTables(connection);
    },
  });
  await collectStatistics(world, holder, target.name, changed);
  return { ...plan, loaded, safety, durationMs: world.now().getTime() - started };
}

// Values of sequences outlive a rollback (manual: "Sequence Manipulation Functions").
function loadStating(
  connection: ServerConnection,
  mark: CommitMark,
  load: Parameters<typeof loadScriptFile>[1],
): Promise<ScriptCounts> {
  const work = () => loadScriptFile(connection, load);
  return load.append ? work() : statingOutcome(load.environment, mark, work);
}

// Its whole content would go.
async function refuseUndroppable(
  connection: ServerConnection,
  environment: string,
  force: boolean,
): Promise<void> {
  const database = await readDatabaseName(connection);
  const maintenance = `it is the database ${database}, which every new database or client relies on`;
  const reasons = [
    ...(!force && isMaintenanceDatabase(database) ? [`${maintenance} (--force replaces it)`] : []),
    ...(await listUndroppable({ name: environment, connection, way: 'created' })),
  ];
  if (reasons.length > 0) throw new Problem('unfit_target', { environment, reasons });
}

const hasRows = ({ rows }: Destroyed) => rows > 0;

function backUp(workspace: Workspace, { to, dir }: ScriptInput): Promise<MadeBackup> {
  workspace.world.progress(`Backing up ${to} first`);
  return backup(workspace, { env: to, ...(dir !== undefined && { dir }) });
}

// Another migration may have begun when the session that held the lock was lost.
async function refuseLostLock(holder: ServerConnection, environment: string): Promise<void> {
  await holder.execute('select').catch((thrown: unknown) => {
    throw new Problem('lock_lost', { environment }, { cause: thrown });
  });
}
