// The transaction that changes the rows of a target: all of it, its record and its undo file, or nothing.
import { defaultLockTimeout, type LockRetryOptions, withLockRetry } from '../ledger/lock-retry.ts';
import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import { openServer, type Reachable } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { type ChangeResult, changeRows, changeSettings, type TableChange } from './apply.ts';
import { mayMove } from './conflicts.ts';
import type { DatabaseShape, UniqueShape } from './shape.ts';
import { stageInSchema } from './stage-schema.ts';
import { keepOldRows, writeUndoRows } from './undo.ts';
import { type UndoWriter, writeUndo } from './undo-file.ts';

/** The limits of a wait for locks in a target. */
export function lockIn(
  { project, world }: Workspace,
  connection: ServerConnection,
  target: Reachable,
): ChangeInput['lock'] {
  return {
    connection,
    environment: target.name,
    lockTimeout: project.lockTimeout ?? defaultLockTimeout,
    onlooker: () => openServer(target),
    progress: (message) => world.progress(message),
  };
}

/** A change with all that belongs to its transaction. */
export interface ChangeInput {
  readonly changes: readonly TableChange[];
  /** Of the target. */
  readonly shape: DatabaseShape;
  readonly triggersFire: boolean;
  /** True if other rows may change by foreign keys or triggers. */
  readonly force: boolean;
  readonly lock: LockRetryOptions & { readonly lockTimeout: number };
  /** The undo file; null: none is written. */
  readonly undoFile: string | null;
  /**
   * Given where a transaction is open that has locked the tables: it is left open, and a failure ends it. The
   * map gets unique indexes of which this try fails, for the next one.
   */
  readonly open?: { readonly stubborn: Map<string, readonly UniqueShape[]> };
  /** Receives the number of the transaction before COMMIT is sent. */
  readonly mark?: CommitMark;
  /** True if rows of other batches can be in the way: a unique value that is taken is an error then. */
  readonly isPart?: boolean;
  /**
   * The work that remains before the commit: validation, sequences, the record.
   * @param undoBytes the length of the undo file; null: there is none
   * @param stages the session, for queries that name temporary tables
   */
  finish(result: ChangeResult, undoBytes: number | null, stages: ServerConnection): Promise<void>;
  /** See `World.beforeCommit`. */
  beforeCommit?(connection: ServerConnection): Promise<void>;
}

/**
 * Changes rows in one transaction.
 * @throws Problem `side_effects`, `lock_unavailable`, `rows_refused`; of `changeRows`, of `finish`
 */
export async function changeInTransaction(
  connection: ServerConnection,
  input: ChangeInput,
): Promise<ChangeResult> {
  if (input.open !== undefined) return changeInOpen(connection, input, input.open.stubborn);
  const stubborn = new Map<string, readonly UniqueShape[]>();
  const begin = `begin isolation level read committed read write; ${readingSettings};
    ${changeSettings(input.lock.lockTimeout)}`;
  for (;;)
    try {
      return await withLockRetry(input.lock, () => withUndo(connection, input, stubborn, begin));
    } catch (thrown) {
      if (input.isPart) throw thrown;
      if (!noteStubborn(thrown, input, stubborn)) throw asRefused(thrown, input.lock.environment);
    }
}

async function changeInOpen(
  connection: ServerConnection,
  input: ChangeInput,
  stubborn: Map<string, readonly UniqueShape[]>,
): Promise<ChangeResult> {
  try {
    return await withUndo(connection, input, stubborn, null);
  } catch (thrown) {
    noteStubborn(thrown, input, stubborn);
    throw thrown;
  }
}

async function withUndo(
  connection: ServerConnection,
  input: ChangeInput,
  stubborn: ReadonlyMap<string, readonly UniqueShape[]>,
  begin: string | null,
): Promise<ChangeResult> {
  const undo = input.undoFile === null ? null : await writeUndo(input.undoFile);
  try {
    const change = () => work(connection, input, stubborn, undo);
    return begin === null ? await change() : await transaction(connection, change, begin, input.mark);
  } catch (thrown) {
    // The answer to COMMIT may be lost, and the change be done.
    if (!isUnanswered(thrown)) await undo?.discard();
    throw asLockTimeout(thrown);
  }
}

// The server ends one of two sessions that wait for each other. A retry may find the other one done.
function asLockTimeout(thrown: unknown): unknown {
  return thrown instanceof Problem && 'sqlstate' in thrown.data && thrown.data.sqlstate === '40P01'
    ? new Problem('lock_timeout', thrown.data, { cause: thrown })
    : thrown;
}

// Class 23 of the manual's appendix "PostgreSQL Error Codes": constraints of the target. P0001: RAISE, as in
// its triggers, which the context names.
function asRefused(thrown: unknown, target: string): unknown {
  if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) return thrown;
  const { sqlstate, message, detail, context } = thrown.data;
  const isRaised = sqlstate === 'P0001';
  if (!isRaised && !sqlstate.startsWith('23')) return thrown;
  const said = isRaised ? [detail, context].filter((text) => text !== null).join(' ') || null : detail;
  // Later lines are indented, so that none looks like a line of pgmage.
  const inside = (text: string) => text.replaceAll('\n', '\n  ');
  const data = { target, message: inside(message), detail: said && inside(said) };
  return new Problem('rows_refused', data, { cause: thrown });
}

const isUnanswered = (thrown: unknown) =>
  thrown instanceof Problem && 'unanswered' in thrown.data && thrown.data.unanswered === 'COMMIT';

async function work(
  connection: ServerConnection,
  input: ChangeInput,
  stubborn: ReadonlyMap<string, readonly UniqueShape[]>,
  undo: UndoWriter | null,
): Promise<ChangeResult> {
  const own = input.shape.mayMakeTemporary ? null : stageInSchema(connection);
  const session = own?.session ?? connection;
  const result = await changeRows(session, {
    ...input,
    stubborn,
    ...(undo !== null && { onMatched: (tables) => keepOldRows(session, tables) }),
  });
  const { sideEffects } = result;
  if (sideEffects.length > 0 && !input.force && !input.triggersFire)
    throw new Problem('side_effects', {
      target: input.lock.environment,
      effects: sideEffects.map(
        ({ table, inserted, updated, deleted }) =>
          `${table}: ${inserted} inserted, ${updated} updated, ${deleted} deleted`,
      ),
    });
  if (undo !== null)
    await writeUndoRows(
      session,
      result.tables.filter((one) => one.inserted + one.updated + one.deleted > 0),
      undo,
    );
  // On disk before the commit, and before the record that has its length.
  await input.finish(result, (await undo?.finish()) ?? null, session);
  await own?.drop();
  await input.beforeCommit?.(connection);
  return result;
}

// An index that a partition has by itself, or as its part of an index by an expression.
const uniqueOfPart = (name: string): UniqueShape => ({
  ...{ name, is: 'unique index', columns: null, partial: true, isKey: false, nullsNotDistinct: false },
  ...{ deferrable: false, initiallyDeferred: false, definition: '' },
});

const uniqueStates = new Set(['23505', '23P01']);

// The message quotes the name of the index in every language.
function noteStubborn(
  thrown: unknown,
  { changes, shape }: Pick<ChangeInput, 'changes' | 'shape'>,
  stubborn: Map<string, readonly UniqueShape[]>,
): boolean {
  if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) return false;
  const { sqlstate, message } = thrown.data;
  if (!uniqueStates.has(sqlstate)) return false;
  for (const { pair } of changes) {
    const { name, uniques, partUniques } = pair.to.table;
    const known = stubborn.get(name) ?? [];
    const isNew = (one: Pick<UniqueShape, 'name'>) =>
      !known.some((other) => other.name === one.name) && message.includes(one.name);
    const parts = mayMove(pair, shape.foreignKeys) ? partUniques.map(uniqueOfPart) : [];
    const unique = [...uniques, ...parts].find((one) => !one.deferrable && isNew(one));
    if (unique === undefined) continue;
    stubborn.set(name, [...known, unique]);
    return true;
  }
  return false;
}
