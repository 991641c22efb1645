// The text of an interrupt of a run in batches.
import { type CommitMark, readOutcome } from '../pg/commit-outcome.ts';
import { openServer, type Reachable } from '../project/source.ts';
import { describeKept, type RowTotals } from './checkpoint.ts';

/** A run, its target, and the batch that is under way. */
export interface BatchUnderWay {
  /** Its UUID. */
  readonly run: string;
  readonly target: Reachable;
  readonly mark: CommitMark;
}

/**
 * Says which batches stay. Where the COMMIT of a batch was sent, it asks the target for its outcome.
 * @param kept the batches whose COMMIT was answered
 * @returns a text; empty: nothing stays
 */
export async function describeBatches(
  { run, target, mark }: BatchUnderWay,
  kept: RowTotals & { readonly batches: number },
): Promise<string> {
  const { name } = target;
  const isSent = mark.id !== null && !mark.isCommitted;
  const outcome = isSent ? await readOutcome(() => openServer(target), mark) : 'rolled back';
  const last =
    outcome === 'committed'
      ? `The batch under way is committed in ${name}.`
      : `COMMIT of a batch was sent to ${name}, and its outcome is not known.`;
  const texts = [
    describeKept(run, { target: name, ...kept }),
    ...(outcome === 'rolled back' ? [] : [`${last} Run data:history before you retry.`]),
  ];
  return texts.filter((text) => text !== '').join(' ');
}
