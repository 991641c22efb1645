// Replaces the content of a database by a backup, completely or not at all.

import { findBackup } from '../backup/find.ts';
import { type BackupLoad, findUnpacker, loadBackup, type RestoreProof } from '../backup/load.ts';
import { listLacking } from '../backup/needs.ts';
import { refusePlannedCalls } from '../backup/planned-calls.ts';
import { type BackupReport, reportBackup } from '../backup/report.ts';
import { verifyChecksum } from '../backup/verify.ts';
import { isMaintenanceDatabase } from '../copy/preflight.ts';
import { warnOfReplication } from '../copy/replication.ts';
import { collectStatistics } from '../copy/statistics.ts';
import { listRelations } from '../flow/digest.ts';
import type { Backup, Manifest } from '../flow/manifest.ts';
import { refusePlannedCode } from '../flow/planned-code.ts';
import { isTable } from '../kinds/named-objects.ts';
import { withLock } from '../ledger/lock.ts';
import { namingHolders } from '../ledger/lock-holders.ts';
import { describeOutcome, readOutcome, statingOutcome } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import { markCommit } from '../project/late-commit.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import { openServer, type Reachable } from '../project/source.ts';
import { type NamedTarget, nameTarget as namedTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target, World } from '../project/world.ts';
import {
  findProtected,
  type ProtectedDatabase,
  refuseProtected,
  refuseUnconfirmed,
} from '../project/write-access.ts';

/** The options of `db:restore`. */
export interface RestoreInput extends Consent {
  /** The environment whose database is replaced. */
  readonly to: string;
  /** The folder of backups; default: `backups` in the project. */
  readonly dir?: string;
  /** The name of the environment once more, where it is protected. */
  readonly confirm?: string;
  /** Leave owners and privileges to the role that restores. */
  readonly noOwner?: boolean;
  /** With `db:restore --without-manifest` alone. */
  readonly append?: boolean;
  readonly backupFirst?: boolean;
}

/** A table that is given up. */
export interface Destroyed {
  readonly name: string;
  readonly rows: number;
}

/** The plan of `db:restore`. */
export interface RestorePlan {
  readonly target: NamedTarget;
  readonly backup: BackupReport;
  /** The content of the target that will be lost. */
  readonly destroyed: readonly Destroyed[];
}

/** The report of `db:restore`. */
export interface RestoreReport extends RestorePlan {
  /** The verification before the commit; null: it was declined, and nothing was changed. */
  readonly proof: RestoreProof | null;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Restores a backup into an environment; what may pass is tried again.
 * @param file a name in the folder of backups, or a path
 * @throws Problem `protected_target`, `backup_damaged`, `unfit_target`, `no_client`, `data_loss_refused`,
 * `confirmation_needed`, `migration_running`, `not_as_backed_up`, `client_failed`; of the connection
 */
export async function restore(
  workspace: Workspace,
  file: string,
  input: RestoreInput,
  ask: Ask<RestorePlan>,
): Promise<RestoreReport> {
  const useless = (['append', 'backupFirst'] as const).find((name) => input[name] !== undefined);
  if (useless !== undefined)
    throw new Problem('bad_option', {
      option: useless === 'append' ? '--append' : '--backup-first',
      reason: 'it needs --without-manifest',
    });
  const { url, ...target } = await workspace.world.environment(input.to);
  if (url === null) throw new Problem('no_server', { environment: target.name });
  refuseUnconfirmed(target, input);
  const guarded = findProtected(workspace.world, { ...target, url }, input);
  const backup = await findBackup(workspace.project, input, file);
  workspace.world.progress(`Reading ${backup.name}`);
  const manifest = await verifyChecksum(backup);
  // A retry does not ask again.
  let agreedTo = false;
  const note = noteOnce(workspace.world);
  const agree = async (plan: RestorePlan) => {
    const losses = plan.destroyed.filter(({ rows }) => rows > 0);
    const told = losses.map(({ name, rows }) => `${name} (${rows} ${rows === 1 ? 'row' : 'rows'})`);
    agreedTo ||= await confirm({ what: `db:restore to ${target.name}`, plan, losses: told }, input, ask);
    return agreedTo;
  };
  return withRetries(workspace.world, async (tries, reached) => {
    const into = { ...target, url };
    const noOwner = input.noOwner ?? false;
    const own = { backup, manifest, noOwner, force: input.force ?? false };
    const attempt = { ...own, guarded: await guarded, agree, note, reached };
    const work = () => restoreInto(workspace, into, attempt);
    const done = await namingHolders({ open: () => openServer(into), mode: 'AccessShare' }, work);
    return { ...done, retries: [...tries] };
  });
}

function noteOnce(world: World): (text: string) => void {
  const noted = new Set<string>();
  return (text) => {
    if (!noted.has(text)) world.note?.(text);
    noted.add(text);
  };
}

/** One try to restore a backup. */
interface RestoreAttempt {
  readonly backup: Backup;
  readonly manifest: Manifest;
  readonly noOwner: boolean;
  readonly force: boolean;
  readonly guarded: readonly ProtectedDatabase[];
  agree(plan: RestorePlan): Promise<boolean>;
  /** Shows a warning, once for all tries. */
  note(text: string): void;
  /** Is called when the server has let us in. */
  reached(): void;
}

async function restoreInto(
  { project, world }: Workspace,
  target: Target & { readonly url: string },
  attempt: RestoreAttempt,
): Promise<Omit<RestoreReport, 'retries'>> {
  const { backup, manifest, noOwner } = attempt;
  const connection = await openServer(target);
  const [stopping, mark] = [new AbortController(), markCommit(world, target)];
  // The server rolls back when its client is gone.
  const forget = world.onInterrupt?.(async () => {
    stopping.abort();
    if (mark.id === null && !mark.isCommitted) return undefined;
    await connection.close();
    return describeOutcome(target.name, await readOutcome(() => openServer(target), mark));
  });
  try {
    attempt.reached();
    await refuseProtected(project, connection, target, attempt.guarded);
    await checkTarget(connection, target.name, attempt);
    const own = { client: await findUnpacker(manifest), path: backup.path, manifest, noOwner };
    const told = { teller: world, mark, ...(world.beforeCommit && { beforeCommit: world.beforeCommit }) };
    const of = { environment: target.name, lockTimeout: project.lockTimeout ?? 3000 };
    const load = { ...own, ...told, ...of, signal: stopping.signal };
    return await withLock(connection, target.name, async () => {
      const plan: RestorePlan = {
        target: namedTarget(project, target),
        backup: reportBackup(project, backup),
        destroyed: await listHoldings(connection),
      };
      if (!(await attempt.agree(plan))) return { ...plan, proof: null, durationMs: 0 };
      const started = world.now().getTime();
      const proof = await statingOutcome(target.name, mark, () => loadNaming(connection, target, load));
      await collectStatistics(world, connection, target.name);
      return { ...plan, proof, durationMs: world.now().getTime() - started };
    });
  } finally {
    forget?.();
    await connection.close().catch(() => undefined);
  }
}

// The load drops what is there.
function loadNaming(
  connection: ServerConnection,
  target: Reachable,
  load: BackupLoad,
): Promise<RestoreProof> {
  const { lockTimeout } = load;
  const asking = { session: connection, lockTimeout };
  const locked = { open: () => openServer(target), mode: 'AccessExclusive', asking } as const;
  return namingHolders(locked, () => loadBackup(connection, load));
}

async function checkTarget(
  connection: ServerConnection,
  environment: string,
  { manifest, noOwner, force, note }: RestoreAttempt,
): Promise<void> {
  const lacking = await listLacking(connection, manifest, { target: environment, noOwner });
  const reasons = [...(await misfits(connection, manifest, force)), ...lacking];
  if (reasons.length > 0) throw new Problem('unfit_target', { environment, reasons });
  const unlisted = await refusePlannedCalls(connection, manifest, { target: environment, noOwner });
  if (unlisted !== null) note(unlisted);
  const listComing = async () => manifest.needs?.created?.publications ?? null;
  for (const { text } of await warnOfReplication(connection, environment, listComing)) note(text);
}

// Properties of a server that exclude a backup, checked before anything is tried.
async function misfits(
  connection: ServerConnection,
  { server: from }: Manifest,
  force: boolean,
): Promise<string[]> {
  const [row] = await queryPinned<{ encoding: string; name: string }>(
    connection,
    `select current_setting('server_encoding') as encoding, current_database()::text as name`,
  );
  const isMaintenance = !force && isMaintenanceDatabase(row?.name ?? '');
  return [
    ...(connection.major < from.major
      ? [`it runs PostgreSQL ${connection.major}, but the backup is from PostgreSQL ${from.major}`]
      : []),
    ...(row?.encoding === from.encoding
      ? []
      : [`its encoding is ${row?.encoding} instead of ${from.encoding}`]),
    ...(isMaintenance
      ? [
          `it is the database ${row?.name}, which every new database or client relies on` +
            ' (--force replaces it)',
        ]
      : []),
  ];
}

/**
 * The tables of a database with their rows, and its large objects. @throws Problem `planned_code`; of the
 * connection
 */
export async function listHoldings(connection: ServerConnection): Promise<Destroyed[]> {
  return snapshot(connection, async (held) => {
    await refusePlannedCode(held, ({ reading }) => reading);
    const found: Destroyed[] = [];
    for (const one of await listRelations(held)) {
      const { kind, name } = one;
      if (!isTable(one) && kind !== 'large objects') continue;
      const from = isTable(one) ? `only ${name}` : 'pg_largeobject_metadata';
      const [row] = await held.rows<{ rows: string }>(`select count(*) as rows from ${from}`);
      if (isTable(one) || Number(row?.rows) > 0) found.push({ name: name || kind, rows: Number(row?.rows) });
    }
    return found;
  });
}
