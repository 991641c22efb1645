// A COMMIT that the server did not answer: pgmage asks for its outcome before it does the work again.
import { setTimeout } from 'node:timers/promises';
import { type CommitMark, describeOutcome, readOutcome } from '../pg/commit-outcome.ts';
import type { Connection } from '../pg/connection.ts';
import { pauses } from './retry.ts';
import { openServer, type Reachable } from './source.ts';
import type { World } from './world.ts';

/** Makes the mark of a transaction on a target, which is asked for as long as work would be retried. */
export function markCommit(world: Pick<World, 'pause' | 'progress'>, target: Reachable): CommitMark {
  const mark: CommitMark = {
    id: null,
    async ask() {
      const read = () => readOutcome(() => openServer(target), mark);
      for (const seconds of pauses) {
        const outcome = await read();
        if (outcome !== 'unknown') return outcome;
        world.progress(`${target.name} did not answer COMMIT. pgmage asks for its outcome in ${seconds} s`);
        await (world.pause ?? setTimeout)(seconds * 1000);
      }
      return read();
    },
  };
  return mark;
}

/**
 * Ends a session on an interrupt. Where its COMMIT was sent, the text says what became of the transaction,
 * which may have set sequences.
 * @returns what forgets the interrupt
 */
export function tellOutcome(
  { onInterrupt }: Pick<World, 'onInterrupt'>,
  {
    session,
    target,
    mark,
  }: { readonly session: Connection; readonly target: Reachable; readonly mark: CommitMark },
): (() => void) | undefined {
  return onInterrupt?.(async () => {
    await session.close();
    if (mark.id === null) return undefined;
    return describeOutcome(target.name, await readOutcome(() => openServer(target), mark), true);
  });
}
