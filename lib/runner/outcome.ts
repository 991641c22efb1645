// The result of a task, for output.
import type { Paper } from '../report/paper.ts';

/** The result of a task: facts for `--json`, their text for people, and the exit code. */
export interface Outcome<Facts = unknown> {
  readonly facts: Facts;
  /** 0 fine, 1 failed, 2 differences found; default 0. The tasks after it do not run unless it is 0. */
  readonly code?: 0 | 1 | 2;
  text(paper: Paper): string;
}

/**
 * True if a value is an outcome. Checked by shape, because one process can load two copies of the package.
 */
export function isOutcome(value: unknown): value is Outcome {
  return (
    typeof value === 'object' &&
    value !== null &&
    'facts' in value &&
    'text' in value &&
    typeof value.text === 'function'
  );
}
