// How much of what may be struck is struck: PGMAGE_FAULTS=all: everything; a number: each so-manieth request,
// all else as with `all`; without it some, as many as `npm test` has time for.
import { isFull } from './servers/running.ts';

const wanted = process.env.PGMAGE_FAULTS || undefined;

/** Whether every kind of fault meets every moment. */
export const thorough = wanted !== undefined;

/**
 * From one request that is struck to the next.
 * @param usual where nobody says
 * @param few in a run that is not full
 */
export const step = (usual: number, few = usual): number =>
  wanted === 'all' ? 1 : Number(wanted ?? (isFull ? usual : few));
