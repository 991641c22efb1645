// Copies a whole database over another one: all of it, verified, or nothing.

import { countLargeObjects } from '../flow/large-objects.ts';
import { holding, tablesOf } from '../flow/tables.ts';
import { withLock } from '../ledger/lock.ts';
import type { ServerConnection } from '../pg/connect.ts';
import type { Connection } from '../pg/connection.ts';
import { readingSettings, snapshot } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem.ts';
import { type Carrier, type CloneInput, carrierOf, wishOf } from './choice.ts';
import { beginReplacing } from './clearing.ts';
import { type Ask, agreed } from './consent.ts';
import type { Context, Target } from './context.ts';
import type { Wish } from './copyable.ts';
import type { Engine } from './engines.ts';
import {
  bytesPerSecond,
  type Check,
  checksOf,
  databaseOf,
  type Ends,
  extensionCheck,
  protectionCheck,
  roleCheck,
} from './preflight.ts';
import { type Replaced, replace } from './replacement.ts';
import { type Retry, retrying } from './retrying.ts';
import { type Named, named, server, targetIn } from './source.ts';

/** A table with its rows. */
export interface Counted {
  readonly name: string;
  readonly rows: number;
}

/** What is going to be done. */
export interface ClonePlan {
  readonly source: Named;
  readonly target: Named;
  readonly checks: readonly Check[];
  /** Who carries it over: pgmage itself, or pg_dump of a version. */
  readonly engine: string;
  /** Of the source, on its disk. */
  readonly bytes: number;
  /** How long it may take. */
  readonly estimateSeconds: number;
  /** Tables of the target, all of which are replaced, with their rows. */
  readonly replaces: readonly Counted[];
  /** Large objects of the target, which are replaced, too. */
  readonly replacesObjects: number;
}

/** What was done. */
export interface CloneReport extends ClonePlan {
  /** What came over; null: it was declined, and nothing was changed. */
  readonly done: Replaced | null;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Replaces all that the target holds by what the source holds, in one transaction that ends only where both were found to
 * be the same.
 * @throws Problem `bad_option`, `protected_target`, `clone_refused`, `data_loss_refused`, `confirmation_needed`, `migration_running`,
 * `not_as_source`; of both connections
 */
export async function clone(context: Context, input: CloneInput, ask: Ask<ClonePlan>): Promise<CloneReport> {
  const [source, target] = [
    await endOf(context, '--from', input.from),
    await endOf(context, '--to', input.to),
  ];
  if (target.protected && input.confirm !== target.name)
    throw new Problem('protected_target', { environment: target.name });
  // What was agreed to once is not asked again.
  let agreedTo = false;
  return retrying(context, (retries) =>
    withEnds(context, source, target, (ends) =>
      withLock(ends.to.connection, ends.to.named.name, async () => {
        const start = context.now().getTime();
        const carrier = await carrierOf(context, input, ends.from.connection.major);
        const { plan, wish } = await prepared(context, ends, input, carrier);
        const faults = plan.checks.filter(({ outcome }) => outcome === 'failed').map(({ text }) => text);
        if (faults.length > 0)
          throw new Problem('clone_refused', { source: plan.source.name, target: plan.target.name, faults });
        agreedTo ||= await agreed(`db:clone to ${plan.target.name}`, plan, lossesOf(plan), input, ask);
        const done = agreedTo ? await carriedOver(context, ends, wish, carrier.engine(source.url)) : null;
        return { ...plan, done, durationMs: context.now().getTime() - start, retries: [...retries] };
      }),
    ),
  );
}

async function endOf(
  context: Context,
  option: string,
  given: string | undefined,
): Promise<Target & { url: string }> {
  if (given === undefined) throw new Problem('bad_option', { option, reason: 'it is missing' });
  const target = await targetIn(context, given);
  if (target === null) throw new Problem('bad_option', { option, reason: `${given} is no database` });
  const { url } = target;
  if (url === null)
    throw new Problem('bad_option', {
      option,
      reason: `${given} is an embedded database, which cannot be cloned`,
    });
  return { ...target, url };
}

// Servers notice that nobody is there any more also while they work.
const attentive = `select set_config('client_connection_check_interval', '1s', false)`;

async function withEnds<T>(
  context: Context,
  source: Target & { url: string },
  target: Target & { url: string },
  work: (ends: Ends) => Promise<T>,
): Promise<T> {
  const open: ServerConnection[] = [];
  const close = async () => {
    await Promise.all(open.map((connection) => connection.close()));
  };
  const forget = context.onInterrupt?.(close);
  try {
    for (const one of [source, target]) {
      const connection = await server(one);
      open.push(connection);
      // Not every system can.
      await connection.execute(attentive).catch(() => undefined);
    }
    const [from, to] = open as [ServerConnection, ServerConnection];
    return await work({
      from: { named: shown(context, source), connection: from },
      to: { named: shown(context, target), connection: to },
    });
  } finally {
    forget?.();
    await close();
  }
}

// What was given as a URL has no other name.
function shown(context: Context, target: Target): Named {
  const { name, ...rest } = named(context, target);
  return { name: name || rest.address, ...rest };
}

async function prepared(
  context: Context,
  ends: Ends,
  input: CloneInput,
  carrier: Carrier,
): Promise<{ plan: ClonePlan; wish: Wish }> {
  const [from, to] = [await databaseOf(ends.from.connection), await databaseOf(ends.to.connection)];
  const { check, otherVersions, all } = await extensionCheck(ends);
  // pg_dump names no versions.
  const free = carrier.name === 'pgmage' ? otherVersions : all;
  const wish = wishOf(context, input, { otherVersions: free, path: from.path });
  const checks = [
    ...checksOf(from, to, ends),
    check,
    await roleCheck(ends, wish.owners),
    protectionCheck(ends),
  ];
  const plan: ClonePlan = {
    source: ends.from.named,
    target: ends.to.named,
    checks,
    engine: carrier.name,
    bytes: from.bytes,
    estimateSeconds: Math.max(1, Math.ceil(from.bytes / bytesPerSecond)),
    replaces: await snapshot(ends.to.connection, countedIn),
    replacesObjects: await countLargeObjects(ends.to.connection),
  };
  return { plan, wish };
}

async function countedIn(connection: Connection): Promise<Counted[]> {
  const tables = (await tablesOf(connection)).filter(({ extension }) => extension === null);
  const counts = await connection.batch(
    tables.map(({ name }) => `select count(*)::float8 as rows from only ${name}`),
  );
  return tables.map(({ name }, at) => ({ name, ...(counts[at]?.[0] as { rows: number }) }));
}

function lossesOf({ replaces, replacesObjects }: ClonePlan): string[] {
  const filled = replaces
    .filter(({ rows }) => rows > 0)
    .map(({ name, rows }) => `${name} (${rows} ${rows === 1 ? 'row' : 'rows'})`);
  return [...filled, ...(replacesObjects > 0 ? [`${replacesObjects} large objects`] : [])];
}

async function carriedOver(context: Context, ends: Ends, wish: Wish, engine: Engine): Promise<Replaced> {
  const source = ends.from.connection;
  // The snapshot is taken by what comes behind the locks.
  const locks = holding(await tablesOf(source));
  const reading = `begin isolation level repeatable read read only; set local lock_timeout = '10s'; ${locks};
    ${readingSettings}; set local row_security = off`;
  const work = () => replace(context, ends, wish, engine);
  return transaction(source, () => transaction(ends.to.connection, work, beginReplacing), reading);
}
