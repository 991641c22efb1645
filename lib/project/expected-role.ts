// The role that an environment's migrations run as, from its URL alone: the database is not asked.
import { Problem } from '../problem/problem.ts';
import type { Target, World } from './world.ts';

/** The owner of new objects in the embedded database. See `openEmbedded`. */
const embeddedRole = 'postgres';

/**
 * The login role of an environment; null: it is not configured, or its URL names none. A tenant has the role
 * of its environment, unless its own URL says otherwise: see `roleOf`.
 */
export async function expectedRole(world: World, env?: string): Promise<string | null> {
  const target = await world.environment(env, 'unlisted').catch((thrown: unknown) => {
    if (!(thrown instanceof Problem)) throw thrown;
    return null;
  });
  return target === null ? null : roleOf(target);
}

/** The login role of a target; null: its URL names none. */
export function roleOf({ url }: Pick<Target, 'url'>): string | null {
  return url === null ? embeddedRole : userIn(url);
}

function userIn(url: string): string | null {
  const [, login] = /^\w+:\/\/([^/?#]*)@/.exec(url.trim()) ?? [];
  const [, given] = /[?&]user=([^&]*)/.exec(url.trim()) ?? [];
  const name = decoded(given ?? login?.replace(/:.*$/, '') ?? '');
  // Supabase's pooler wants `role.project`.
  const role = /pooler\.supabase\.com/.test(url) ? name.replace(/\..*$/, '') : name;
  return role === '' ? null : role;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
