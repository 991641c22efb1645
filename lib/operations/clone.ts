// Copies a whole database over another one: all of it, verified, or nothing.

import { countLargeObjects } from '../flow/large-objects.ts';
import type { Masks } from '../flow/masks.ts';
import { holding, tablesOf } from '../flow/tables.ts';
import { withLock } from '../ledger/lock.ts';
import type { ServerConnection } from '../pg/connect.ts';
import { readingSettings } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem.ts';
import { type Ask, agreed, type Consent } from './consent.ts';
import type { Context, Target } from './context.ts';
import type { Wish } from './copyable.ts';
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

/** What is asked. */
export interface CloneInput extends Consent {
  /** The environment or URL that is read. */
  readonly from?: string;
  /** The environment or URL whose content is replaced. */
  readonly to?: string;
  /** Leave owners and privileges to the role that clones. */
  readonly noOwner?: boolean;
  /** The name of the target, where that is protected. */
  readonly confirm?: string;
  /** Only these tables, and what they need; `*` stands for any characters. */
  readonly tables?: readonly string[];
  /** Objects that are left out, with all that needs them. */
  readonly exclude?: readonly string[];
  /** Tables that come without their rows. */
  readonly excludeData?: readonly string[];
  /** No rows at all. */
  readonly schemaOnly?: boolean;
  /** What stands in the place of columns, as `table.column=SQL`; besides those that are configured. */
  readonly mask?: readonly string[];
}

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
        const { plan, wish } = await prepared(ends, input, context);
        const faults = plan.checks.filter(({ outcome }) => outcome === 'failed').map(({ text }) => text);
        if (faults.length > 0)
          throw new Problem('clone_refused', { source: plan.source.name, target: plan.target.name, faults });
        agreedTo ||= await agreed(`db:clone to ${plan.target.name}`, plan, lossesOf(plan), input, ask);
        const done = agreedTo ? await carriedOver(context, ends, wish) : null;
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
  ends: Ends,
  input: CloneInput,
  { masks: configured }: Context,
): Promise<{ plan: ClonePlan; wish: Wish }> {
  const owners = !input.noOwner;
  const [from, to] = [await databaseOf(ends.from.connection), await databaseOf(ends.to.connection)];
  const { check, otherVersions } = await extensionCheck(ends);
  const checks = [...checksOf(from, to, ends), check, await roleCheck(ends, owners), protectionCheck(ends)];
  const replaces = await countedIn(ends.to.connection);
  const plan: ClonePlan = {
    source: ends.from.named,
    target: ends.to.named,
    checks,
    bytes: from.bytes,
    estimateSeconds: Math.max(1, Math.ceil(from.bytes / bytesPerSecond)),
    replaces,
    replacesObjects: await countLargeObjects(ends.to.connection),
  };
  const { tables, exclude, excludeData, schemaOnly } = input;
  const choice = {
    ...(tables && { tables }),
    ...(exclude && { exclude }),
    ...(excludeData && { excludeData }),
  };
  const masks = { ...configured, ...masksIn(input.mask ?? []) };
  return { plan, wish: { owners, otherVersions, ...choice, schemaOnly: schemaOnly ?? false, masks } };
}

function masksIn(given: readonly string[]): Masks {
  return Object.fromEntries(
    given.map((one) => {
      const middle = one.indexOf('=');
      if (middle < 1) throw new Problem('bad_mask', { mask: one, reason: 'it says nothing behind =' });
      return [one.slice(0, middle).trim(), one.slice(middle + 1).trim()];
    }),
  );
}

async function countedIn(connection: ServerConnection): Promise<Counted[]> {
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

const hidden = 'set local row_security = off';
// Nothing that a role or a database is set to may change what is made.
const writing = `begin isolation level read committed read write; ${readingSettings}; ${hidden};
  set local check_function_bodies = off; set local default_tablespace = ''; set local default_table_access_method = 'heap';
  set local xmloption = content`;

async function carriedOver(context: Context, ends: Ends, wish: Wish): Promise<Replaced> {
  const source = ends.from.connection;
  // The snapshot is taken by what comes behind the locks.
  const locks = holding(await tablesOf(source));
  const reading = `begin isolation level repeatable read read only; set local lock_timeout = '10s'; ${locks};
    ${readingSettings}; ${hidden}`;
  const work = () => replace(context, ends, wish);
  return transaction(source, () => transaction(ends.to.connection, work, writing), reading);
}
