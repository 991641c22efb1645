// What came of many pairs, as text.
import type { Verdict } from './judgement.ts';
import type { Proof } from './proof.ts';

/** A pair's name with its proof. */
export interface Outcome {
  readonly name: string;
  readonly proof: Proof;
}

/** Whether both directions hold. */
export function passed({ proof }: Outcome): boolean {
  return proof.up.failure === null && proof.down.failure === null;
}

/**
 * Failing pairs by reason, then shares per direction; the last line counts. `full` shows all of every reason.
 */
export function summarize(outcomes: readonly Outcome[], full: boolean): string {
  const failures = outcomes.flatMap(({ name, proof }) => [
    ...lineOf(name, 'up', proof.up),
    ...lineOf(name, 'down', proof.down),
  ]);
  const lines: string[] = [];
  for (const reason of new Set(failures.map((failure) => failure.reason))) {
    const group = failures.filter((failure) => failure.reason === reason);
    lines.push(`${reason}: ${group.length}`);
    for (const { name, direction, detail } of group)
      lines.push(`  ${name} ${direction}: ${full ? indented(detail) : brief(detail)}`);
    lines.push('');
  }
  const count = (test: (outcome: Outcome) => boolean) => outcomes.filter(test).length;
  const both = count(passed);
  const share = (n: number) =>
    `${n} of ${outcomes.length}, ${((100 * n) / Math.max(1, outcomes.length)).toFixed(2)} %`;
  lines.push(
    `up: ${share(count(({ proof }) => proof.up.failure === null))}`,
    `down: ${share(count(({ proof }) => proof.down.failure === null))}`,
    `both: ${share(both)}`,
    `only the order of columns differs: ${count((outcome) => passed(outcome) && reorders(outcome))}`,
    `${both} passed, ${outcomes.length - both} failed`,
  );
  return lines.join('\n');
}

function lineOf(name: string, direction: string, { failure }: Verdict) {
  return failure === null ? [] : [{ name, direction, ...failure }];
}

function reorders({ proof }: Outcome): boolean {
  return proof.up.reordered.length + proof.down.reordered.length > 0;
}

function brief(detail: string): string {
  const line = detail.replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 300)} …` : line;
}

function indented(detail: string): string {
  return detail.replaceAll('\n', '\n    ');
}
