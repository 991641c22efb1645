// The role that an environment's migrations run as, from its URL alone: the database is not asked.
import { Problem } from '../problem/problem.ts';
import type { World } from './world.ts';

/** The owner of new objects in the embedded database. See `openEmbedded`. */
const embeddedRole = 'postgres';

/** The login role of an environment; null: it is not configured, or its URL names none. */
export async function expectedRole(world: World, env?: string): Promise<string | null> {
  const target = await world.environment(env).catch(async (thrown: unknown) => {
    if (!(thrown instanceof Problem)) throw thrown;
    // Tenants have the role of their environment, unless their own URLs say otherwise.
    if (thrown.code !== 'several_tenants') return null;
    return (await world.tenants?.(env))?.target ?? null;
  });
  if (target === null) return null;
  return target.url === null ? embeddedRole : userIn(target.url);
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
