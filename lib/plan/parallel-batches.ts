// Steps of a plan that may run beside each other, in portions that are worth a session's while.
import type { Hazard, Step } from '../model/step.ts';

/** Steps that one session runs, one after the other. */
export interface PlanBatch {
  readonly steps: readonly Step[];
  /** Places of the portions that must be done before. */
  readonly waits: readonly number[];
  /** It reads rows, and takes the longer the more there are. */
  readonly reads: boolean;
}

// Hazards of steps that take long with many rows.
const slow: ReadonlySet<Hazard> = new Set([
  'blocks_reads',
  'blocks_writes',
  'may_fail_on_existing_rows',
  'rewrites_table',
]);

// The number of steps in one message to the server.
const most = 100;

/**
 * Each step that reads rows is a portion of its own, and waits for no more than it has to. All others are
 * quick: they keep their order among themselves.
 * @param waits for each step the places of those that must be done before it
 */
export function splitIntoBatches(steps: readonly Step[], waits: readonly (readonly number[])[]): PlanBatch[] {
  const portions: { steps: Step[]; waits: Set<number>; reads: boolean }[] = [];
  // In which portion each step is.
  const place: number[] = [];
  let quick = -1;
  for (const [at, step] of steps.entries()) {
    const awaited = new Set((waits[at] ?? []).map((other) => place[other] as number));
    const reads = step.hazards.some((hazard) => slow.has(hazard));
    const last = reads ? undefined : portions[quick];
    // Portions wait for earlier ones only, so that none of these waits for the last one.
    if (last !== undefined && last.steps.length < most && [...awaited].every((one) => one <= quick)) {
      for (const one of awaited) if (one < quick) last.waits.add(one);
      last.steps.push(step);
      place.push(quick);
      continue;
    }
    if (last !== undefined) awaited.add(quick);
    if (!reads) quick = portions.length;
    place.push(portions.length);
    portions.push({ steps: [step], waits: awaited, reads });
  }
  return portions.map((portion) => ({ ...portion, waits: [...portion.waits] }));
}
