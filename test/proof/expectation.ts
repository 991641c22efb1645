// What a case of our own promises beyond convergence: the hazards of its plans.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hazard, Step } from '../../lib/model/step.ts';

/** `expect.json`; what it leaves out is nothing, and all versions. */
export interface Expectation {
  readonly hazards: { readonly up: readonly Hazard[]; readonly down: readonly Hazard[] };
  /** The versions it is about, where older servers do not know the feature. */
  readonly majors: readonly number[] | null;
}

/** Reads a case's `expect.json`. */
export function expectationOf(directory: string): Expectation {
  const path = join(directory, 'expect.json');
  const { hazards, majors } = (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as {
    hazards?: { up?: Hazard[]; down?: Hazard[] };
    majors?: number[];
  };
  return { hazards: { up: hazards?.up ?? [], down: hazards?.down ?? [] }, majors: majors ?? null };
}

/** The hazards of a plan, each once, by name. */
export function hazardsOf(steps: readonly Step[]): Hazard[] {
  return [...new Set(steps.flatMap((step) => step.hazards))].sort();
}
