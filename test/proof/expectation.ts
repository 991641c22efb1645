// What a case of our own promises beyond convergence: the hazards of its plans.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hazard, Step } from '../../lib/model/step.ts';

interface Hazards {
  readonly up: readonly Hazard[];
  readonly down: readonly Hazard[];
}

/** `expect.json`; what it leaves out is nothing, and all versions. */
export interface Expectation {
  readonly hazards: Hazards;
  /** The same by major version, where an older server needs other statements. */
  readonly older: Readonly<Record<string, Hazards>>;
  /** The versions it is about, where older servers do not know the feature. */
  readonly majors: readonly number[] | null;
  /** How many statements its plans have; null: that is not said. */
  readonly statements: { readonly up: number; readonly down: number } | null;
}

/** Reads a case's `expect.json`. */
export function expectationOf(directory: string): Expectation {
  const path = join(directory, 'expect.json');
  const { hazards, older, majors, statements } = (
    existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  ) as {
    hazards?: Partial<Hazards>;
    older?: Record<string, Partial<Hazards>>;
    majors?: number[];
    statements?: { up: number; down: number };
  };
  const whole = ({ up = [], down = [] }: Partial<Hazards> = {}) => ({ up, down });
  const byMajor = Object.entries(older ?? {}).map(([major, one]) => [major, whole(one)] as const);
  return {
    hazards: whole(hazards),
    older: Object.fromEntries(byMajor),
    majors: majors ?? null,
    statements: statements ?? null,
  };
}

/** The hazards of a plan, each once, by name. */
export function hazardsOf(steps: readonly Step[]): Hazard[] {
  return [...new Set(steps.flatMap((step) => step.hazards))].sort();
}
