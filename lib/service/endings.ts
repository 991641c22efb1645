// How jobs end: from what their process told, or did not tell, to a state that is true.
import type { Code } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import type { WorkEnding } from './child.ts';
import type { CommitStatus } from './commit-status.ts';
import type { JobEnd, LostJob, NextTry } from './jobs.ts';
import { cancelledCode } from './messages.ts';
import type { JobKind } from './schemas.ts';

/** The end of a job, or what is done with it next. */
export type JobOutcome =
  | ({ readonly is: 'over' } & JobEnd)
  /** It waits again, so many seconds. */
  | ({ readonly is: 'again'; readonly problem?: unknown } & NextTry)
  /** Its process is gone and told nothing. */
  | { readonly is: 'lost'; readonly reason: string };

/** The facts about a job whose process has ended. */
export interface EndedWork {
  readonly kind: JobKind;
  /** How often it was started. */
  readonly tries: number;
  /** True if it was asked to stop. */
  readonly isCancelled: boolean;
  readonly ending: WorkEnding;
  /** The end of its COMMIT; null: none was begun. */
  readonly commit: CommitStatus | null;
}

/** Kinds that replace or change the data of a target. */
export const writingKinds: ReadonlySet<JobKind> = new Set(['import', 'clone', 'data']);

/**
 * The environment on whose server a job changes something: its target, or the server of a drill, which makes
 * a database there; undefined: none, or the parameters do not name it.
 */
export function findChanged(
  kind: JobKind,
  { to, drill, on }: Readonly<Record<string, unknown>>,
): string | undefined {
  const changed = writingKinds.has(kind) ? to : kind === 'verify' && drill === true ? on : undefined;
  return changed === undefined ? undefined : String(changed);
}

/** How often a job is started at most. */
export const mostTries = 2;

const passing: ReadonlySet<Code> = new Set([
  'backup_running',
  'changed_meanwhile',
  'connection_lost',
  'connection_refused',
  'connection_timeout',
  'lock_timeout',
  'lock_unavailable',
  'migration_running',
  'server_unavailable',
  'too_many_connections',
]);

/** Seconds before the next try: 10, 20, 40 … */
export const delayOf = (tries: number) => 10 * 2 ** Math.max(0, tries - 1);

/** Decides on a job whose process has ended. */
export function judgeEnding({ kind, tries, isCancelled, ending, commit }: EndedWork): JobOutcome {
  const { result, problem } = ending;
  const isWriting = writingKinds.has(kind);
  const isCommitted = commit === 'committed';
  const target = !isWriting
    ? null
    : isCommitted
      ? 'changed'
      : commit === null || commit === 'aborted'
        ? 'unchanged'
        : 'unknown';
  if (result !== null)
    return {
      is: 'over',
      state: 'done',
      result: result.value,
      target: isWriting && commit !== null ? 'changed' : target,
      cancelTooLate: isCancelled,
    };
  const isLoss = passing.has((problem?.code ?? '') as Code);
  // A process that lost its answer to COMMIT does not know that all was done.
  if (isCommitted && (isCancelled || isLoss))
    return { is: 'over', state: 'done', result: null, target, cancelTooLate: isCancelled };
  // The server is asked again.
  if (commit === 'unreachable') return { is: 'lost', reason: describeEnd(ending) };
  if (isCancelled && target !== 'unknown') return { is: 'over', state: 'cancelled', target };
  if (ending.isUnbegun && commit === null) return { is: 'again', why: 'unbegun', seconds: 0 };
  if (problem === null || ending.exitCode === cancelledCode)
    return { is: 'lost', reason: describeEnd(ending) };
  const mayPass = isLoss && target !== 'unknown';
  if (mayPass && tries < mostTries) return { is: 'again', why: 'failed', seconds: delayOf(tries), problem };
  return { is: 'over', state: 'failed', problem, target };
}

/** Decides on a lost job; null: its end cannot be known yet. */
export function judgeLost(job: LostJob, commit: CommitStatus | null, reason: string): JobOutcome | null {
  if (commit === 'unreachable') return null;
  const isWriting = writingKinds.has(job.kind);
  if (commit === 'committed')
    return { is: 'over', state: 'done', result: null, target: 'changed', cancelTooLate: job.cancelAsked };
  const target = commit === 'unknown' ? 'unknown' : 'unchanged';
  const problem = new Problem('job_lost', { job: job.id, target, reason }).toJSON();
  const shown = isWriting ? target : null;
  if (job.cancelAsked && target === 'unchanged') return { is: 'over', state: 'cancelled', target: shown };
  const mayRepeat = (!isWriting || job.retryLost) && target === 'unchanged' && job.tries < mostTries;
  // A process whose service was killed may still be ending.
  if (mayRepeat) return { is: 'again', why: 'lost', seconds: 3, problem };
  return { is: 'over', state: 'failed', problem, target: shown };
}

/** How a process ended, in words. */
export function describeEnd({ exitCode, signal, failure }: WorkEnding): string {
  if (failure !== null) return failure;
  return signal === null ? `exit code ${exitCode}` : `it was ended by ${signal}`;
}
