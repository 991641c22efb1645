// The environments as the page lists them, with what was last seen of each.
import { Problem, toProblem } from '../problem/problem.ts';
import { openServer } from '../project/source.ts';
import { describeAddress } from '../project/target-address.ts';
import type { Target } from '../project/world.ts';
import type { DatabaseInfo, TestResult } from './schemas.ts';
import type { ServiceSurroundings } from './surroundings.ts';

/** The result of the last test of a database. */
type Seen = Pick<DatabaseInfo, 'server' | 'bytes' | 'reachable' | 'checkedAt' | 'problem'>;

/** The databases of a service. */
export interface Databases {
  list(): Promise<DatabaseInfo[]>;
  /** Connects to one. @throws Problem `unknown_environment` */
  test(name: string): Promise<TestResult>;
}

const connectTimeoutMs = 5_000;
const unseen: Seen = { server: null, bytes: null, reachable: null, checkedAt: null, problem: null };

// Null where the role may not know it (manual: "Database Object Size Functions"). A role that was set at the
// login may have fewer rights than the one that connects.
const sizeQuery = `select case
    when pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT')
      or pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
    then pg_catalog.pg_database_size(pg_catalog.current_database())::pg_catalog.text end as bytes`;

/** Opens the list. */
export function openDatabases(surroundings: ServiceSurroundings): Databases {
  return new SeenDatabases(surroundings);
}

class SeenDatabases implements Databases {
  readonly #surroundings: ServiceSurroundings;
  readonly #seen = new Map<string, Seen>();

  constructor(surroundings: ServiceSurroundings) {
    this.#surroundings = surroundings;
  }

  async list(): Promise<DatabaseInfo[]> {
    const names = (await this.#surroundings.world.environmentNames?.()) ?? [];
    return Promise.all(names.map((name) => this.#describe(name)));
  }

  async test(name: string): Promise<TestResult> {
    const { world } = this.#surroundings;
    const target = await world.environment(name);
    const start = performance.now();
    const found = await look(target).catch((thrown: unknown) => ({
      ...unseen,
      reachable: false,
      problem: describeProblem(toProblem(thrown)),
    }));
    this.#seen.set(name, { ...found, checkedAt: world.now().toISOString() });
    const { server, problem, reachable } = found;
    const milliseconds = Math.round(performance.now() - start);
    return { name, ok: reachable === true, server, milliseconds, problem };
  }

  async #describe(name: string): Promise<DatabaseInfo> {
    const { project, world, settings } = this.#surroundings;
    try {
      const target = await world.environment(name);
      const isAllowed = !target.protected || settings.allowTargets.includes(name);
      return {
        name,
        address: describeAddress(project, target),
        protected: target.protected,
        canBeTarget: target.url !== null && isAllowed,
        ...(this.#seen.get(name) ?? unseen),
      };
    } catch (thrown) {
      const problem = describeProblem(toProblem(thrown));
      // Tenants have no database of their own, and may be protected.
      const group = await world.tenants?.(name).catch(() => null);
      const isProtected = group?.target.protected ?? false;
      return { name, address: null, protected: isProtected, canBeTarget: false, ...unseen, problem };
    }
  }
}

async function look({ url, ...target }: Target): Promise<Omit<Seen, 'checkedAt'>> {
  if (url === null) throw new Problem('no_server', { environment: target.name });
  const connection = await openServer({ ...target, url, connectTimeoutMs });
  try {
    const [row] = await connection.rows<{ bytes: string | null }>(sizeQuery);
    const bytes = row?.bytes ?? null;
    const size = bytes === null ? null : Number(bytes);
    return { server: connection.version, bytes: size, reachable: true, problem: null };
  } finally {
    await connection.close();
  }
}

/** A problem as the answers have it. */
export function describeProblem(problem: Problem): NonNullable<DatabaseInfo['problem']> {
  const { code, message, hint, data, exitCode, status } = problem;
  return { code, message, hint, data, exitCode, status };
}
