// The tables of a run of which only changed rows are compared: which ones, from where on, and the state that
// the run keeps for the next one.
import { readDataRuns } from '../ledger/data-runs.ts';
import type { Project } from '../project/project.ts';
import type { RowComparison } from './comparison.ts';
import type { TablePair } from './shape.ts';
import { chooseSince, formatStates, identify, type SinceChoice, type SinceState } from './since.ts';
import { boundOf, type OldestChange, type ReadSinceFacts, readSinceFacts } from './since-facts.ts';
import type { PairSince, SinceBound, SinceUse } from './since-shape.ts';

/** The comparison of a run. */
export interface PartialRun {
  readonly bounds: ReadonlyMap<TablePair, SinceBound>;
  readonly uses: ReadonlyMap<TablePair, SinceUse>;
  /** The detail of the run's record; undefined: it keeps no states. @param tables of the target */
  keep(tables: readonly { readonly name: string; readonly skipped: number }[]): string | undefined;
}

/** A run that compares all rows of all tables. */
export const wholeRun: PartialRun = { bounds: new Map(), uses: new Map(), keep: () => undefined };

/** The input of the choice. */
export interface PartialInput {
  /** The reason to compare all rows of all tables; null: there is none. */
  readonly whole: string | null;
  /** Null: no table of the configuration has times. */
  readonly oldest: OldestChange | null;
}

/** True if a table of the configuration has times of changes. */
export const wantsTimes = ({ data }: Pick<Project, 'data'>): boolean =>
  Object.values(data?.tables ?? {}).some(({ since }) => typeof since === 'object');

/**
 * Chooses how the tables with `since` are compared.
 * @throws Problem `ledger_unsafe`; of the connections
 */
export async function choosePartial(
  { first, pairs, named }: RowComparison,
  { whole, oldest }: PartialInput,
): Promise<PartialRun> {
  const own = pairs.filter(({ since }) => since !== null);
  if (own.length === 0) return wholeRun;
  const facts = await readSinceFacts(first, own);
  const entries = await readDataRuns(first.to);
  const chosen = own.map((pair) => {
    const next = nextFrom(pair.since as PairSince, facts, oldest);
    const identity = identify(pair, facts.of(pair));
    const forbidden = whole ?? ('why' in next ? next.why : null);
    const state = chooseSince(pair, identity, entries, named.from.name);
    const choice: SinceChoice = forbidden === null ? state : { is: 'complete', reason: forbidden };
    return { pair, next, identity, ...useOf(pair, choice, facts) };
  });
  return {
    bounds: new Map(chosen.flatMap(({ pair, bound }) => (bound === null ? [] : [[pair, bound] as const]))),
    uses: new Map(chosen.map(({ pair, use }) => [pair, use])),
    keep: (tables) =>
      formatStates(
        Object.fromEntries(
          chosen.map((one) => {
            const { name } = one.pair.to.table;
            const skipped = tables.find((table) => table.name === name)?.skipped ?? 0;
            return [name, stateAfter(one, skipped)];
          }),
        ),
      ),
  };
}

type Choice = {
  readonly next: OldestChange;
  readonly identity: Omit<SinceState, 'from' | 'runs'>;
  readonly bound: SinceBound | null;
  readonly runs: number;
};

function nextFrom({ is }: PairSince, { source }: ReadSinceFacts, oldest: OldestChange | null): OldestChange {
  if (source.standby) return { why: 'the source is a standby' };
  if (is === 'xmin') return { from: source.xmin };
  return oldest ?? { why: 'times of transactions are not known' };
}

function useOf({ since }: TablePair, choice: SinceChoice, { source }: ReadSinceFacts) {
  const { by } = since as PairSince;
  const whole = (reason: string) => ({ bound: null, runs: 0, use: { by, from: null, reason } });
  if (choice.is === 'complete') return whole(choice.reason);
  const bound = boundOf(since as PairSince, choice.from, source);
  if (bound === null) return whole('the state of the run before does not fit the source');
  return { bound, runs: choice.runs, use: { by, from: bound.from, reason: null } };
}

// Rows that were skipped are compared again by the next run.
function stateAfter({ next, identity, bound, runs }: Choice, skipped: number): SinceState | null {
  if (skipped > 0) return bound === null ? null : { ...identity, from: bound.from, runs };
  return 'why' in next ? null : { ...identity, from: next.from, runs };
}
