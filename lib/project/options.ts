// What the options of a task say goes before what is configured.
import { Problem } from '../problem/problem.ts';
import type { Context } from './context.ts';

/**
 * The world as the options have it.
 * @throws Problem `bad_option`
 */
export function configured<C extends Context>(
  context: C,
  {
    shadow = context.shadow,
    lockTimeout = context.lockTimeout,
  }: { readonly shadow?: string | null; readonly lockTimeout?: number | undefined },
): C {
  if (lockTimeout === undefined) return { ...context, shadow };
  if (!Number.isInteger(lockTimeout) || lockTimeout < 0)
    throw new Problem('bad_option', {
      option: '--lock-timeout',
      reason: `${lockTimeout} is no whole number of milliseconds`,
    });
  return { ...context, shadow, lockTimeout };
}
