// Copies a whole database over another one, verified, or changes nothing.

import { beginReplacing } from '../copy/clear-target.ts';
import { replaceRows } from '../copy/data-only.ts';
import { type CopyReport, copyInPlace } from '../copy/in-place.ts';
import { type CloneInput, checkOptions, chooseEngine, type EngineChoice } from '../copy/options.ts';
import { type ClonePlan, listReplacedRows, planClone } from '../copy/plan.ts';
import type { CopyEnds } from '../copy/preflight.ts';
import type { CopySelection } from '../copy/selection.ts';
import { withSnapshotReaders } from '../copy/snapshot-readers.ts';
import { collectStatistics } from '../copy/statistics.ts';
import { openKeeper } from '../copy/swap/databases.ts';
import { type Swapped, swap } from '../copy/swap/swap.ts';
import { withLock } from '../ledger/lock.ts';
import { type LockedDatabase, namingHolders } from '../ledger/lock-holders.ts';
import { type CommitMark, describeOutcome, readOutcome, statingOutcome } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { refusePooler } from '../pg/pooler.ts';
import { isAboutRows } from '../pg/server-problem.ts';
import { readingLockTimeout } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { replaceDatabase } from '../pg/url.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, confirm } from '../project/confirmation.ts';
import { markCommit } from '../project/late-commit.ts';
import type { Project } from '../project/project.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import { openServer, openWatched, type Reachable, resolveEnd } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target, World } from '../project/world.ts';
import { findProtected, refuseProtected, refuseUnconfirmed } from '../project/write-access.ts';

/** The report of `db:clone`. */
export interface CloneReport extends ClonePlan {
  /** The copied content; null: it was declined, and nothing was changed. */
  readonly done: CopyReport | null;
  /** The result of a swap; null: there was none. */
  readonly swapped: Swapped | null;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Replaces the content of the target by a copy of the source, in one transaction that commits only if both
 * are equal. With a swap it fills and verifies a new database instead, which replaces the target.
 * @throws Problem `bad_option`, `protected_target`, `clone_refused`, `data_loss_refused`,
 * `confirmation_needed`, `migration_running`, `not_as_source`; of both connections
 */
export async function clone(
  workspace: Workspace,
  input: CloneInput,
  ask: Ask<ClonePlan>,
): Promise<CloneReport> {
  checkOptions(workspace.project, input);
  const [source, target] = [
    await resolveEnd(workspace, '--from', input.from),
    await resolveEnd(workspace, '--to', input.to),
  ];
  refuseUnconfirmed(target, input);
  const guarded = findProtected(workspace.world, target, input);
  // A retry does not ask again.
  let agreedTo = false;
  return withRetries(workspace.world, (retries, reached) =>
    withEnds(workspace, { source, target, ...input }, async (ends, mark) => {
      reached();
      await refuseProtected(workspace.project, ends.to.connection, target, await guarded);
      return withLock(ends.to.connection, ends.to.named.name, async () => {
        const start = workspace.world.now().getTime();
        const carrier = await chooseEngine(workspace, input, ends.from.connection.major);
        const { plan, wish } = await planClone(workspace, ends, input, carrier);
        refuseFaulty(plan);
        const what = `db:clone to ${plan.target.name}`;
        agreedTo ||= await confirm({ what, plan, losses: listReplacedRows(plan) }, input, ask);
        const copy = { ends, source, target, wish };
        const { done, swapped } = !agreedTo
          ? { done: null, swapped: null }
          : await explainMasks(plan, async () =>
              plan.swap === null
                ? { done: await replaced(workspace.world, { ...copy, carrier, mark }, target), swapped: null }
                : swap(workspace.world, { ...copy, plan: plan.swap }),
            );
        mark.isCommitted ||= swapped !== null;
        const durationMs = workspace.world.now().getTime() - start;
        return { ...plan, done, swapped, durationMs, retries: [...retries] };
      });
    }),
  );
}

// The source's rows fit its constraints; masked ones may not.
async function explainMasks<T>({ masked, target }: ClonePlan, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (masked.length === 0 || !(thrown instanceof Problem) || !isAboutRows(thrown.data)) throw thrown;
    const masks = masked.map((name) => name.replace(/^public\./, ''));
    throw new Problem('unfit_masks', { ...thrown.data, environment: target.name, masks }, { cause: thrown });
  }
}

function refuseFaulty({ checks, source, target }: ClonePlan): void {
  const faults = checks.filter(({ outcome }) => outcome === 'failed').map(({ text }) => text);
  if (faults.length > 0)
    throw new Problem('clone_refused', { source: source.name, target: target.name, faults });
}

async function withEnds<T>(
  workspace: Workspace,
  { source, target, swap: swaps }: { readonly source: Reachable; readonly target: Reachable; swap?: boolean },
  work: (ends: CopyEnds, mark: CommitMark) => Promise<T>,
): Promise<T> {
  const open: ServerConnection[] = [];
  const close = async () => {
    await Promise.all(open.map((connection) => connection.close()));
  };
  const { name } = describeTarget(workspace.project, target);
  const mark = markCommit(workspace.world, { ...target, name });
  const forget = workspace.world.onInterrupt?.(async () => {
    await close();
    // A swap says itself what became of it.
    if (mark.id === null && !mark.isCommitted) return swaps ? undefined : `${name} is unchanged.`;
    return describeOutcome(name, await readOutcome(() => openServer(target), mark));
  });
  try {
    for (const one of [source, target]) {
      const connection = await openWatched(one);
      open.push(connection);
      await refusePooler(connection);
    }
    const [from, to] = open as [ServerConnection, ServerConnection];
    const beside = () =>
      openKeeper(to, (database) => openServer({ ...target, url: replaceDatabase(target.url, database) }));
    const ends: CopyEnds = {
      from: { named: describeTarget(workspace.project, source), connection: from },
      to: { named: describeTarget(workspace.project, target), connection: to, beside },
    };
    return await namingHolders(reading(source, from), () =>
      namingHolders(reading(target, to), () => work(ends, mark)),
    );
  } finally {
    await close();
    forget?.();
  }
}

const reading = (end: Reachable, { description }: ServerConnection): LockedDatabase => ({
  open: () => openServer(end),
  mode: 'AccessShare',
  environment: description,
});

/** A target in reports: a given URL has no other name. */
export function describeTarget(project: Project, target: Target): NamedTarget {
  const { name, ...rest } = nameTarget(project, target);
  return { name: name || rest.address, ...rest };
}

/** A copy into the target itself. */
interface Carrying {
  readonly ends: CopyEnds;
  readonly source: Reachable;
  readonly wish: CopySelection;
  readonly carrier: EngineChoice;
  readonly mark: CommitMark;
}

async function replaced(world: World, copy: Carrying, target: Reachable): Promise<CopyReport> {
  const { named, connection } = copy.ends.to;
  const written: LockedDatabase = {
    open: () => openServer(target),
    mode: 'AccessExclusive',
    environment: connection.description,
    asking: { session: connection, lockTimeout: readingLockTimeout },
  };
  const done = await statingOutcome(named.name, copy.mark, () =>
    namingHolders(written, () => carriedOver(world, copy)),
  );
  const { schemaOnly, dataOnly } = copy.wish;
  // Only rows went over: other tables of the target stay as they are.
  const tables = dataOnly ? done.tables.map((table) => table.name) : undefined;
  if (!schemaOnly) await collectStatistics(world, connection, named.name, tables);
  return done;
}

async function carriedOver(
  world: World,
  { ends, source, wish, carrier, mark }: Carrying,
): Promise<CopyReport> {
  const { connection } = ends.from;
  const target = ends.to.connection;
  let done: CopyReport | undefined;
  const begin = async (work: () => Promise<CopyReport>) => {
    const copy = async () => {
      const report = await work();
      await world.beforeCommit?.(target);
      return report;
    };
    done = await transaction(target, copy, beginReplacing, mark);
    return done;
  };
  const open = () => openWatched(source);
  const readers = { open, count: wish.dataOnly ? 0 : 1, views: wish.dataOnly || !carrier.beside };
  try {
    return await withSnapshotReaders(connection, readers, ([reader = connection]) =>
      begin(() =>
        wish.dataOnly
          ? replaceRows(world, ends, wish)
          : copyInPlace(world, { ends, wish, engine: carrier.engine(source.url), reader }),
      ),
    );
  } catch (thrown) {
    // The target is committed. A source that is lost then must not let withRetries clone again.
    if (done !== undefined) return done;
    throw thrown;
  }
}
