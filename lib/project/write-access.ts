// The environments that a command may write to: a protected one only by its name, the embedded database only
// if it is configured or named.
import type { Connection } from '../pg/connection.ts';
import { resolveRoute } from '../pg/route.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, questionOf } from './confirmation.ts';
import type { Project } from './project.ts';
import { openServer } from './source.ts';
import { describeAddress } from './target-address.ts';
import type { Target, World } from './world.ts';

/** The names that a command line says. */
export interface WriteNames {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** The name of a protected environment that is written to. */
  readonly confirm?: string;
}

/** A protected environment, and how its database is recognized. */
export interface ProtectedDatabase {
  readonly name: string;
  readonly place: string | null;
  /** The identity of the database; null: it was not asked, or did not answer. */
  readonly identity: string | null;
}

/**
 * The environment that a command is going to write to.
 * @param ask how the user is asked; undefined: there is no terminal
 * @throws Problem `protected_target`, `embedded_not_named`; of the configuration
 */
export async function writeTarget<Plan>(world: World, names: WriteNames, ask: Ask<Plan>): Promise<Target> {
  const target = await world.environment(names.env);
  const { name } = target;
  if (target.fallback && questionOf(ask) === undefined && !says(names, name))
    throw new Problem('embedded_not_named', { environment: name });
  if (target.protected && !says(names, name)) throw new Problem('protected_target', { environment: name });
  return target;
}

/**
 * Refuses a protected target whose name was not confirmed: its whole content will be replaced.
 * @throws Problem `protected_target`
 */
export function refuseUnconfirmed(target: Pick<Target, 'name' | 'protected'>, { confirm }: WriteNames): void {
  if (target.protected && confirm !== target.name)
    throw new Problem('protected_target', { environment: target.name });
}

/**
 * Looks for protected environments that the command line does not name. It can run in parallel with other
 * work, and never fails. It notes where the tenants of one are not known.
 * @param target the database to write to; an embedded one, or a protected environment, needs no check
 */
export async function findProtected(
  world: World,
  target: Target,
  names: WriteNames,
): Promise<readonly ProtectedDatabase[]> {
  if (target.url === null || target.protected) return [];
  const all = (await world.protectedEnvironments?.().catch(() => [])) ?? [];
  const others = all.filter(({ name }) => name !== target.name && !says(names, name));
  for (const { name, unlisted } of others)
    if (unlisted !== undefined)
      world.note?.(
        `pgmage does not check whether ${target.name || 'the target'} is a tenant of ${name},` +
          ` which is protected. ${unlisted}`,
      );
  return Promise.all(
    others.map(async ({ name, url, isTenant, unlisted }) => ({
      name,
      place: placeOf(url),
      // There can be a thousand tenants, which are not all asked. A silent server is not asked again.
      identity:
        url === null || isTenant || unlisted !== undefined
          ? null
          : await identityAt(name, url).catch(() => null),
    })),
  );
}

/**
 * Refuses a database that a protected environment leads to as well.
 * @param connection to the target
 * @throws Problem `protected_target`; of the connection
 */
export async function refuseProtected(
  project: Project,
  connection: Connection,
  target: Target,
  guarded: readonly ProtectedDatabase[],
): Promise<void> {
  if (guarded.length === 0) return;
  const [own, place] = [await identityOf(connection), placeOf(target.url)];
  const same = guarded.find(({ identity, place: other }) =>
    identity === null ? other !== null && other === place : identity === own,
  );
  if (same !== undefined)
    throw new Problem('protected_target', {
      environment: same.name,
      alias: target.name || describeAddress(project, target),
    });
}

const says = ({ env, confirm }: WriteNames, name: string) => env === name || confirm === name;

// The time for a protected environment to answer: usually it is another database, and remote.
const connectTimeoutMs = 3000;

async function identityAt(name: string, url: string): Promise<string> {
  const connection = await openServer({ name, url, connectTimeoutMs });
  try {
    return await identityOf(connection);
  } finally {
    await connection.close();
  }
}

// No two servers start in the same microsecond, and every role may ask. A system identifier would not do: a
// copy of a server's files has the same. As a number, because each role may have a time zone of its own.
async function identityOf(connection: Connection): Promise<string> {
  const [row] = await connection.rows<{ identity: string }>(
    `select pg_catalog.format('%s %s', pg_catalog.extract('epoch', pg_catalog.pg_postmaster_start_time()),
      d.oid) as identity
       from pg_catalog.pg_database d
       where d.datname operator(pg_catalog.=) pg_catalog.current_database()`,
  );
  return (row as { identity: string }).identity;
}

/** Host, port and database of a URL, so that two spellings of one place are equal; null: it does not say. */
export function placeOf(url: string | null): string | null {
  if (url === null) return null;
  try {
    const { places, database } = resolveRoute(url, { environment: '' });
    const hosts = places.map(({ host, port }) => {
      const name = /^(localhost|127\.0\.0\.1|::1)$/i.test(host) ? 'localhost' : host.toLowerCase();
      return `${name}:${port}`;
    });
    return `${hosts.join()} ${database}`;
  } catch {
    return null;
  }
}
