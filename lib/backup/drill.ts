// Tries a backup: restores it in a database that is made for it, compares the two, and drops it.
import { randomBytes } from 'node:crypto';
import type { Backup, Manifest } from '../flow/manifest.ts';
import { literal } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { refusePooler } from '../pg/pooler.ts';
import { replaceDatabase } from '../pg/url.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { withRetries } from '../project/retry.ts';
import { findTarget, openServer, openWatched, type Reachable } from '../project/source.ts';
import { describeAddress } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target, World } from '../project/world.ts';
import { findUnpacker, loadBackup, type RestoreProof } from './load.ts';
import { listLacking } from './needs.ts';
import { refusePlannedCalls } from './planned-calls.ts';

/** The server and the options of a drill. */
export interface DrillOptions {
  /** The environment or URL on whose server; default: that of which it is a backup. */
  readonly on?: string;
  /** The environment that the command names. */
  readonly env?: string;
  /** Leave owners and privileges out of it, for servers without the roles. */
  readonly noOwner?: boolean;
}

/**
 * Finds the server of a drill: a protected one only if the command names it.
 * @param environment that of which it is a backup
 * @throws Problem `no_server`, `protected_drill`
 */
export async function findDrillServer(
  workspace: Workspace,
  environment: string,
  { on, env }: DrillOptions,
): Promise<Target & { readonly url: string }> {
  const target = await findTarget(workspace, on ?? environment);
  if (target?.url == null) throw new Problem('no_server', { environment: on ?? environment });
  if (target.protected && on === undefined && env !== environment)
    throw new Problem('protected_drill', { environment });
  return { ...target, url: target.url };
}

/**
 * Restores a backup on a server, and removes it again.
 * @param reached called when the server has accepted the login
 * @throws Problem `backup_damaged` if the result differs from the backup; `no_client`, `protected_drill`; of
 * the connection
 */
export async function drill(
  workspace: Workspace,
  { name, path, manifest }: Backup & { readonly manifest: Manifest },
  options: DrillOptions,
  reached: () => void,
): Promise<RestoreProof> {
  const { noOwner = false } = options;
  const target = await findDrillServer(workspace, manifest.environment, options);
  const client = await findUnpacker(manifest);
  const { encoding, collate, ctype } = manifest.server;
  // As it was: what is sorted and matched in constraints may depend on it.
  const locale = `encoding ${literal(encoding)} lc_collate ${literal(collate)} lc_ctype ${literal(ctype)}`;
  const server = target.name || describeAddress(workspace.project, target);
  workspace.world.progress(`Restoring ${name} for a drill on the server of ${server}`);
  return withTrialDatabase(workspace.world, { target, locale, reached }, async (own, signal) => {
    const connection = await openWatched(own);
    const told = { teller: workspace.world, environment: 'a drill', lockTimeout: 0 };
    try {
      await refusePooler(connection);
      const reasons = await listLacking(connection, manifest, { target: server, noOwner, isNew: true });
      if (reasons.length > 0) throw new Problem('unfit_target', { environment: server, reasons });
      const unlisted = await refusePlannedCalls(connection, manifest, { target: 'a drill', noOwner });
      if (unlisted !== null) workspace.world.note?.(unlisted);
      return await loadBackup(connection, { ...told, client, path, manifest, noOwner, signal });
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.code !== 'not_as_backed_up') throw thrown;
      const { differences } = thrown.data as { differences: string[] };
      const faults = differences.map((one) => `restored, ${one}`);
      throw new Problem('backup_damaged', { file: name, faults });
    } finally {
      await connection.close().catch(() => undefined);
    }
  });
}

/** A database for one drill. */
interface TrialDatabase {
  /** The server and session of the drill. */
  readonly target: Reachable;
  /** Its encoding and locale, for CREATE DATABASE. */
  readonly locale: string;
  /** Is called when the server has let us in. */
  readonly reached: () => void;
}

// Makes a database on a server, and drops it whatever happens.
async function withTrialDatabase<T>(
  world: World,
  { target, locale, reached }: TrialDatabase,
  work: (own: Reachable, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const name = `${mark}${randomBytes(8).toString('hex')}`;
  let mayExist = false;
  const onServer = async (work: (keeper: ServerConnection) => Promise<void>) => {
    const keeper = await openServer(target);
    reached();
    await work(keeper).finally(() => keeper.close().catch(() => undefined));
  };
  const drop = () => onServer((keeper) => dropTrial(keeper, name));
  const stopping = new AbortController();
  const forget = world.onInterrupt?.(() => {
    stopping.abort();
    return drop();
  });
  try {
    await onServer(async (keeper) => {
      await refuseStandby(keeper, target.name);
      mayExist = true;
      for (const line of await dropLeftovers(keeper)) world.progress(line);
      await keeper.execute(`create database ${name} template template0 ${locale}`);
    });
    return await work({ ...target, url: replaceDatabase(target.url, name) }, stopping.signal);
  } finally {
    // It may be there also where the server went away meanwhile, and comes back.
    if (mayExist)
      await withRetries(world, (_, again) => {
        again();
        return drop();
      }).finally(() => forget?.());
    else forget?.();
  }
}

const mark = 'pgmage_drill_';

const dropTrial = (keeper: ServerConnection, name: string) =>
  keeper.execute(`drop database if exists ${name} with (force)`);

async function refuseStandby(keeper: ServerConnection, environment: string): Promise<void> {
  const [row] = await queryPinned<{ standby: boolean }>(keeper, 'select pg_is_in_recovery() as standby');
  if (!row?.standby) return;
  const reasons = ['it is a standby, which makes no database: name another server with --on'];
  throw new Problem('unfit_target', { environment, reasons });
}

// A drill that was killed leaves its database. One that runs has a session in it; between its CREATE DATABASE
// and that session it is new. A database that cannot be dropped, for example for a prepared transaction, does
// not stop the drill.
async function dropLeftovers(keeper: ServerConnection): Promise<string[]> {
  const found = await queryPinned<{ name: string }>(
    keeper,
    `select d.datname::text as name from pg_database d
     where d.datname ~ '^${mark}[0-9a-f]{16}$' and pg_has_role(d.datdba, 'usage')
       and not exists (select from pg_stat_activity a where a.datid = d.oid)
       and exists (select from pg_stat_database s where s.datid = d.oid and s.xact_commit > 0)`,
  );
  const lines: string[] = [];
  for (const { name } of found)
    lines.push(
      await dropTrial(keeper, name).then(
        () => `Dropped ${name}, which an earlier drill left`,
        (thrown: unknown) =>
          `Cannot drop ${name}, which an earlier drill left: ${toProblem(thrown).message}. Drop it yourself`,
      ),
    );
  return lines;
}
