// Options of a task override the configuration.
import { Problem } from '../problem/problem.ts';
import { type Project, resolveShadow } from './project.ts';

/** Options of tasks that the configuration also has. */
export interface Overrides {
  /** `embedded`, `native`, `auto` or the URL of a server; null: PostgreSQL inside this process. */
  readonly shadow?: string | null;
  /** Milliseconds that a migration waits for a lock. */
  readonly lockTimeout?: number | undefined;
}

/**
 * The project as the options have it.
 * @throws Problem `bad_option`
 */
export function applyOverrides(
  project: Project,
  { shadow: given = project.shadow, lockTimeout = project.lockTimeout }: Overrides,
): Project {
  const shadow = given === null ? null : resolveShadow(given);
  if (lockTimeout === undefined) return { ...project, shadow };
  if (!Number.isInteger(lockTimeout) || lockTimeout < 0)
    throw new Problem('bad_option', {
      option: '--lock-timeout',
      reason: `${lockTimeout} is not a whole number of milliseconds`,
    });
  return { ...project, shadow, lockTimeout };
}
