// Puts a backup in the place of what a database holds: all of it, or nothing.

import { named } from '../backup/find.ts';
import { type Proof, replaceAll, unpacker } from '../backup/load.ts';
import { type BackupReport, backupReport } from '../backup/report.ts';
import { intact } from '../backup/verify.ts';
import { undigested } from '../flow/digest.ts';
import type { Backup, Manifest } from '../flow/manifest.ts';
import { isTable } from '../kinds/named-objects.ts';
import { withLock } from '../ledger/lock.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { pinnedRows } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, agreed, type Consent } from '../project/confirmation.ts';
import type { Context, Target } from '../project/context.ts';
import { type Retry, retrying } from '../project/retry.ts';
import { type NamedTarget, named as namedTarget, server } from '../project/source.ts';
import {
  guardedOf,
  type ProtectedDatabase,
  refuseGuarded,
  refuseUnconfirmed,
} from '../project/write-access.ts';

/** What is asked. */
export interface RestoreInput extends Consent {
  /** The environment whose database is replaced. */
  readonly to: string;
  /** The folder of backups; default: `backups` in the project. */
  readonly dir?: string;
  /** The name of the environment once more, where it is protected. */
  readonly confirm?: string;
  /** Leave owners and privileges to the role that restores. */
  readonly noOwner?: boolean;
}

/** A table that is given up. */
export interface Destroyed {
  readonly name: string;
  readonly rows: number;
}

/** What is going to be done. */
export interface RestorePlan {
  readonly target: NamedTarget;
  readonly backup: BackupReport;
  /** What the target holds, and loses. */
  readonly destroyed: readonly Destroyed[];
}

/** What was done. */
export interface RestoreReport extends RestorePlan {
  /** How it was verified, before it was committed; null: it was declined, and nothing was changed. */
  readonly proof: Proof | null;
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
  context: Context,
  file: string,
  input: RestoreInput,
  ask: Ask<RestorePlan>,
): Promise<RestoreReport> {
  const { url, ...target } = await context.environment(input.to);
  if (url === null) throw new Problem('no_server', { environment: target.name });
  refuseUnconfirmed(target, input);
  const guarded = guardedOf(context, { ...target, url }, input);
  const backup = await named(context, input, file);
  context.progress(`Reading ${backup.name}`);
  const manifest = await intact(backup);
  // What was agreed to once is not asked again.
  let agreedTo = false;
  const agree = async (plan: RestorePlan) => {
    const losses = plan.destroyed.filter(({ rows }) => rows > 0);
    const told = losses.map(({ name, rows }) => `${name} (${rows} rows)`);
    agreedTo ||= await agreed(`db:restore to ${target.name}`, plan, told, input, ask);
    return agreedTo;
  };
  return retrying(context, async (tries, reached) => {
    const into = { ...target, url };
    const done = await restoreInto(
      context,
      into,
      { backup, manifest, noOwner: input.noOwner ?? false, guarded: await guarded },
      agree,
      reached,
    );
    return { ...done, retries: [...tries] };
  });
}

interface Whole {
  readonly backup: Backup;
  readonly manifest: Manifest;
  readonly noOwner: boolean;
  readonly guarded: readonly ProtectedDatabase[];
}

async function restoreInto(
  context: Context,
  target: Target & { readonly url: string },
  { backup, manifest, noOwner, guarded }: Whole,
  agree: (plan: RestorePlan) => Promise<boolean>,
  reached: () => void,
): Promise<Omit<RestoreReport, 'retries'>> {
  const connection = await server(target);
  const stopping = new AbortController();
  // The server rolls back when its client is gone.
  const forget = context.onInterrupt?.(async () => stopping.abort());
  try {
    reached();
    await refuseGuarded(context, connection, target, guarded);
    const reasons = await misfits(connection, manifest);
    if (reasons.length > 0) throw new Problem('unfit_target', { environment: target.name, reasons });
    const client = await unpacker(manifest);
    return await withLock(connection, target.name, async () => {
      const plan: RestorePlan = {
        target: namedTarget(context, target),
        backup: backupReport(context, backup),
        destroyed: await holdings(connection),
      };
      if (!(await agree(plan))) return { ...plan, proof: null, durationMs: 0 };
      const started = context.now().getTime();
      const proof = await replaceAll(connection, {
        environment: target.name,
        client,
        path: backup.path,
        manifest,
        noOwner,
        lockTimeout: context.lockTimeout ?? 3000,
        signal: stopping.signal,
        teller: context,
      });
      return { ...plan, proof, durationMs: context.now().getTime() - started };
    });
  } finally {
    forget?.();
    await connection.close().catch(() => undefined);
  }
}

// What is wrong with a server for a backup, before anything is tried there.
async function misfits(connection: ServerConnection, { server: from }: Manifest): Promise<string[]> {
  const [row] = await pinnedRows<{ encoding: string }>(
    connection,
    `select current_setting('server_encoding') as encoding`,
  );
  return [
    ...(connection.major < from.major
      ? [`it runs PostgreSQL ${connection.major}, but the backup is from PostgreSQL ${from.major}`]
      : []),
    ...(row?.encoding === from.encoding
      ? []
      : [`its encoding is ${row?.encoding} instead of ${from.encoding}`]),
  ];
}

async function holdings(connection: ServerConnection): Promise<Destroyed[]> {
  return snapshot(connection, async (held) => {
    const found: Destroyed[] = [];
    for (const one of await undigested(held)) {
      const { kind, name } = one;
      if (!isTable(one) && kind !== 'large objects') continue;
      const from = isTable(one) ? `only ${name}` : 'pg_largeobject_metadata';
      const [row] = await held.rows<{ rows: string }>(`select count(*) as rows from ${from}`);
      if (isTable(one) || Number(row?.rows) > 0) found.push({ name: name || kind, rows: Number(row?.rows) });
    }
    return found;
  });
}
