// Tries a backup: restores it in a database that is made for it, compares the two, and drops it.
import { randomBytes } from 'node:crypto';
import type { Backup, Manifest } from '../flow/manifest.ts';
import { literal } from '../model/quote.ts';
import { refusePooler } from '../pg/pooler.ts';
import { replaceDatabase } from '../pg/url.ts';
import { Problem } from '../problem/problem.ts';
import { withRetries } from '../project/retry.ts';
import { findTarget, openServer, type Reachable } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { World } from '../project/world.ts';
import { findUnpacker, loadBackup, type RestoreProof } from './load.ts';

/** The server and the options of a drill. */
export interface DrillOptions {
  /** The environment or URL on whose server; default: that of which it is a backup. */
  readonly on?: string;
  /** Leave owners and privileges out of it, for servers without the roles. */
  readonly noOwner?: boolean;
}

/**
 * Restores a backup on a server, and removes it again.
 * @param reached called when the server has accepted the login
 * @throws Problem `backup_damaged` if the result differs from the backup; `no_client`; of the connection
 */
export async function drill(
  workspace: Workspace,
  { name, path, manifest }: Backup & { readonly manifest: Manifest },
  { on = manifest.environment, noOwner = false }: DrillOptions,
  reached: () => void,
): Promise<RestoreProof> {
  const target = await findTarget(workspace, on);
  if (target?.url == null) throw new Problem('no_server', { environment: on });
  const { url } = target;
  const client = await findUnpacker(manifest);
  const { encoding, collate, ctype } = manifest.server;
  // As it was: what is sorted and matched in constraints may depend on it.
  const locale = `encoding ${literal(encoding)} lc_collate ${literal(collate)} lc_ctype ${literal(ctype)}`;
  workspace.world.progress(`Restoring ${name} for a drill`);
  return withTrialDatabase(
    workspace.world,
    { target: { ...target, url }, locale, reached },
    async (own, signal) => {
      const connection = await openServer(own);
      const told = { teller: workspace.world, environment: 'a drill', lockTimeout: 0 };
      try {
        await refusePooler(connection);
        return await loadBackup(connection, { ...told, client, path, manifest, noOwner, signal });
      } catch (thrown) {
        if (!(thrown instanceof Problem) || thrown.code !== 'not_as_backed_up') throw thrown;
        const { differences } = thrown.data as { differences: string[] };
        const faults = differences.map((one) => `restored, ${one}`);
        throw new Problem('backup_damaged', { file: name, faults });
      } finally {
        await connection.close().catch(() => undefined);
      }
    },
  );
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
  const name = `pgmage_drill_${randomBytes(8).toString('hex')}`;
  let isReached = false;
  const onServer = async (sql: string) => {
    const keeper = await openServer(target);
    isReached = true;
    reached();
    await keeper.execute(sql).finally(() => keeper.close().catch(() => undefined));
  };
  const drop = () => onServer(`drop database if exists ${name} with (force)`);
  const stopping = new AbortController();
  const forget = world.onInterrupt?.(() => {
    stopping.abort();
    return drop();
  });
  try {
    await onServer(`create database ${name} template template0 ${locale}`);
    return await work({ ...target, url: replaceDatabase(target.url, name) }, stopping.signal);
  } finally {
    // It may be there also where the server went away meanwhile, and comes back.
    if (isReached)
      await withRetries(world, (_, again) => {
        again();
        return drop();
      }).finally(() => forget?.());
    else forget?.();
  }
}
