// The code of tasks on tenants, loaded where an environment has tenants.
import { Problem } from '../problem/problem.ts';
import type { TaskContext } from './context.ts';

/**
 * Loads the tasks on tenants, where the environment has tenants; null: it is one database.
 * @throws Problem `bad_option` of an option that only tenants have
 */
export async function loadTenants(
  context: TaskContext,
  { env, jobs, keepGoing }: { readonly env?: string; readonly jobs?: number; readonly keepGoing?: boolean },
): Promise<typeof import('./tenants.ts') | null> {
  if (await context.tenants?.(env)) return import('./tenants.ts');
  const option = jobs !== undefined ? '--jobs' : keepGoing !== undefined ? '--keep-going' : null;
  if (option === null) return null;
  throw new Problem('bad_option', { option, reason: 'the environment has no tenants' });
}
