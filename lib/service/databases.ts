// The environments as the page lists them, with what was last seen of each.
import { readdir } from 'node:fs/promises';
import { Problem, toProblem } from '../problem/problem.ts';
import { openServer, type Reachable } from '../project/source.ts';
import { describeAddress } from '../project/target-address.ts';
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
    const { embedded } = this.#surroundings.project;
    const looking = target.url === null ? lookEmbedded(embedded) : look({ ...target, url: target.url });
    const found = await looking.catch((thrown: unknown) => ({
      ...unseen,
      reachable: false,
      problem: describeProblem(toProblem(thrown)),
    }));
    this.#seen.set(name, { ...found, checkedAt: world.now().toISOString() });
    const { server, problem } = found;
    const milliseconds = Math.round(performance.now() - start);
    return { name, ok: problem === null, server, milliseconds, problem };
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
        embedded: target.url === null ? await readEmbedded(project.embedded) : null,
        ...(this.#seen.get(name) ?? unseen),
      };
    } catch (thrown) {
      const problem = describeProblem(toProblem(thrown));
      // Tenants have no database of their own, and may be protected.
      const group = await world.tenants?.(name).catch(() => null);
      const isProtected = group?.target.protected ?? false;
      const none = { address: null, canBeTarget: false, embedded: null, ...unseen };
      return { name, protected: isProtected, ...none, problem };
    }
  }
}

// One process at a time uses an embedded database. The service looks at its files alone.
async function readEmbedded(directory: string): Promise<'made' | 'unmade'> {
  const files = await readdir(directory).catch(({ code }) => (code === 'ENOENT' ? [] : null));
  return files?.length === 0 ? 'unmade' : 'made';
}

async function lookEmbedded(directory: string): Promise<Omit<Seen, 'checkedAt'>> {
  const files = await readdir(directory).catch(() => ['PG_VERSION']);
  if (files.length > 0 && !files.includes('PG_VERSION'))
    throw new Problem('embedded_damaged', { directory, reason: 'the file PG_VERSION is missing' });
  return unseen;
}

async function look({ url, ...target }: Reachable): Promise<Omit<Seen, 'checkedAt'>> {
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
