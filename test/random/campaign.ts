// Pairs of schemas drawn from the grammar, proven both ways with rows in their tables.
import fc from 'fast-check';
import { type Bench, type Pair, type Proof, prove } from '../proof/proof.ts';
import { Stage } from '../proof/rehearsal.ts';
import type { Outcome } from '../proof/summary.ts';
import { type Schema, schemas } from './grammar.ts';
import type { Both } from './pairs.ts';
import { render, roles, seed as rows, setup } from './rendering.ts';

/** What to draw, and how thoroughly to look at it. */
export interface Campaign {
  readonly seed: number;
  readonly runs: number;
  /** The first pair's number. */
  readonly from: number;
  /** How many pairs are under proof at the same time. */
  readonly jobs: number;
  /** The observer judges every so many pairs; it costs as much as all the rest. */
  readonly observed: number;
  /** Every so many pairs have databases of their own, commits between segments, and all judges there are. */
  readonly apart: number;
}

/** What came of a campaign. */
export interface Findings {
  readonly outcomes: readonly Outcome[];
  /** How many pairs the observer judged. */
  readonly observed: number;
  /** How many pairs had databases of their own. */
  readonly apart: number;
  /**
   * How many pairs were proven without rows in the end, because a step that says so cannot be done with them.
   */
  readonly rowless: number;
}

// What is rolled back leaves dead rows behind, and catalogs that grow are slow to read.
const pairsPerStage = 50;

/** Proves all pairs that a seed draws. @param note is told of each */
export async function prosecute(
  bench: Bench,
  { seed, runs, from, jobs, ...every }: Campaign,
  note: (outcome: Outcome) => void = () => undefined,
): Promise<Findings> {
  const outcomes: Outcome[] = [];
  const counts = { observed: 0, apart: 0, rowless: 0 };
  let next = from;
  const work = async () => {
    while (next < from + runs) {
      const stage = await Stage.open(bench, { roles, setup });
      for (let turn = 0; turn < pairsPerStage && next < from + runs; turn++) {
        const number = next++;
        const schemas = draw(seed, number);
        const trial = await (number % every.apart === 0
          ? tryApart(bench, schemas)
          : tryOut(bench, stage, schemas, number % every.observed === 0));
        for (const name of ['observed', 'apart', 'rowless'] as const) if (trial[name]) counts[name]++;
        const outcome = { name: String(number), proof: trial.proof };
        outcomes.push(outcome);
        note(outcome);
      }
      await stage.close();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  outcomes.sort((a, b) => Number(a.name) - Number(b.name));
  return { outcomes, ...counts };
}

/** A pair by its number. Each has a seed of its own, so that one can be repeated without the others. */
export function draw(seed: number, number: number): Both<Schema> {
  const [both] = fc.sample(schemas, { seed: seedOf(seed, number), numRuns: 1 });
  return both as Both<Schema>;
}

/** Seeds next to each other begin with much the same draws, so they are spread (MurmurHash3's finalizer). */
export function seedOf(seed: number, number: number): number {
  let mixed = Math.imul(seed ^ Math.imul(number + 1, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** How one pair fared, and how it was looked at: see {@link Findings}. */
export interface Trial {
  readonly proof: Proof;
  readonly observed: boolean;
  readonly apart: boolean;
  readonly rowless: boolean;
}

/**
 * With a row in each table; where a plan says that it may fail because of them, and just that step does,
 * without.
 */
export async function tryOut(
  bench: Bench,
  stage: Stage,
  schemas: Both<Schema>,
  observed: boolean,
): Promise<Trial> {
  const rehearsed = await stage.prove(pairOf(schemas), observed);
  return rehearsed === null ? tryApart(bench, schemas) : { ...rehearsed, observed, apart: false };
}

async function tryApart(bench: Bench, schemas: Both<Schema>): Promise<Trial> {
  const pair = pairOf(schemas);
  const proof = await prove(bench, pair);
  const rowless = [proof.up, proof.down].some(({ failure }) => failure?.foretold ?? false);
  const again = rowless ? await prove(bench, { ...pair, seed: '' }) : proof;
  return { proof: again, observed: true, apart: true, rowless };
}

function pairOf([old, wanted]: Both<Schema>): Pair {
  const texts = { old: render(old), new: render(wanted), seed: rows(old), seedNew: '' };
  return { ...texts, name: 'random', cluster: '', roles, setup };
}
