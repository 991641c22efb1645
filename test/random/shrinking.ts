// Failing pairs made as small as they get, for people.
import fc from 'fast-check';
import type { Bench, Proof } from '../proof/proof.ts';
import { Stage } from '../proof/rehearsal.ts';
import type { Outcome } from '../proof/summary.ts';
import { seedOf, tryOut } from './campaign.ts';
import { type Schema, schemas } from './grammar.ts';
import type { Both } from './pairs.ts';
import { render, roles, setup } from './rendering.ts';

/** The first failing pair of each reason, shrunk for at most a minute: what differs, and the plans. */
export async function shrink(
  bench: Bench,
  { seed }: { readonly seed: number },
  outcomes: readonly Outcome[],
): Promise<string> {
  const texts: string[] = [];
  for (const [reason, number] of firstOfEach(outcomes)) {
    const stage = await Stage.open(bench, { roles, setup });
    const proof = async (both: Both<Schema>) => (await tryOut(bench, stage, both, true)).proof;
    const property = fc.asyncProperty(schemas, async (both) => reasonOf(await proof(both)) !== reason);
    const limits = { interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false };
    const { counterexample } = await fc.check(property, {
      seed: seedOf(seed, number),
      path: '0',
      numRuns: 1,
      ...limits,
    });
    const smallest = counterexample?.[0];
    if (smallest !== undefined) {
      const { up, down } = await proof(smallest);
      const steps = [...up.steps, ...down.steps].map(({ sql }) => `  ${sql};`).join('\n');
      const [old, wanted] = smallest;
      texts.push(`\n${number} ${reason}\n${differing(render(old), render(wanted))}\n${steps}\n`);
    }
    await stage.close();
  }
  return texts.join('');
}

function firstOfEach(outcomes: readonly Outcome[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { name, proof } of outcomes) {
    const reason = reasonOf(proof);
    if (reason !== '' && !found.has(reason)) found.set(reason, Number(name));
  }
  return found;
}

// Names and numbers left out, so that the same mistake in two places counts as one.
function reasonOf({ up, down }: Proof): string {
  const failure = up.failure ?? down.failure;
  const first =
    failure?.detail
      .split('\n')[0]
      ?.replace(/\b(t\d\w*|v\d\w*|\d+|[abcg]|"Odd ""name"|Odd "name|low|rest|app|public)\b/g, '_') ?? '';
  return failure === null ? '' : `${failure.reason}: ${first}`;
}

// The lines of both states, those of one only marked.
function differing(old: string, wanted: string): string {
  const [a, b] = [old.split('\n'), wanted.split('\n')];
  return [
    ...a.map((line) => `${b.includes(line) ? ' ' : '-'} ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
