// Writes down what becomes of a job: its row, its entry in the queue and its event, in one transaction.
import type { JobOutcome } from './endings.ts';
import { endJob, readEntry, setEntry, waitAgain } from './jobs.ts';
import { loseJob } from './lost-jobs.ts';
import type { Service } from './service.ts';

/**
 * Writes an outcome down.
 * @param owner whose job it is; null: it was lost
 * @returns false: it is another's, or over
 * @throws Problem `queue_unavailable`
 */
export function settle(
  { events, queue }: Pick<Service, 'events' | 'queue'>,
  id: string,
  owner: string | null,
  outcome: JobOutcome,
): Promise<boolean> {
  return events.change(async (session, note) => {
    const entry = await readEntry(session, id);
    if (outcome.is === 'lost') {
      if (!(await loseJob(session, id, owner))) return false;
      await note(id, 'state', { state: 'lost' });
      return true;
    }
    if (outcome.is === 'over') {
      if (!(await endJob(session, id, owner, outcome))) return false;
      if (entry !== null) await queue.end(session, entry);
      const { state, result, problem, target, cancelTooLate } = outcome;
      await note(id, 'state', { state, result, problem, target, cancelTooLate });
      return true;
    }
    const lane = await waitAgain(session, id, owner, outcome.seconds);
    if (lane === null) return false;
    if (entry !== null) await queue.end(session, entry);
    await setEntry(session, id, await queue.add(session, { id, lane, delay: outcome.seconds }));
    await note(id, 'state', { state: 'waiting', problem: outcome.problem });
    return true;
  });
}
