// A database that is brought to other schemas by nothing but migration files: generated, synced and rolled
// back.
import { readCatalog } from '../../../lib/catalog/read.ts';
import { rollback } from '../../../lib/commands/rollback.ts';
import { sync } from '../../../lib/commands/sync.ts';
import { kinds } from '../../../lib/kinds/index.ts';
import { computeFingerprint } from '../../../lib/migration/fingerprint.ts';
import { readVersion } from '../../../lib/migration/name.ts';
import { shadowRole } from '../../../lib/model/catalog.ts';
import type { Fact } from '../../../lib/model/fact.ts';
import type { ServerConnection } from '../../../lib/pg/connection.ts';
import { snapshot } from '../../../lib/pg/snapshot.ts';
import { withoutLedger } from '../../../lib/project/ignore.ts';
import { holdsStatement } from '../../../lib/sql/psql-commands.ts';
import type { Project } from '../../project/project.ts';
import { withDatabase } from '../../servers/databases.ts';
import type { Server } from '../../servers/server.ts';
import type { Place, State } from '../judgement.ts';
import { rowsIn } from '../rows.ts';
import { load, withSession } from '../session.ts';

const consent = { yes: true, force: true };

/** Reads what a database is, without the ledger. */
export async function stateOf(session: ServerConnection): Promise<State> {
  const catalog = withoutLedger(await snapshot(session, (reader) => readCatalog(reader, kinds)));
  const rows = await rowsIn(session);
  const tables = new Map([...rows.tables].filter(([name]) => !name.startsWith('pgmage.')));
  return { catalog, observation: null, dump: [], rows: { ...rows, tables } };
}

/**
 * What a server makes of schema files by itself, read as such: what a file leaves open is open
 * (`reconcile.optional`).
 * @param before what is run by the one whose server it is, such as the making of roles
 */
export function wantedState(
  server: Server,
  before: readonly string[],
  files: readonly string[],
): Promise<State> {
  const become = `set session authorization ${shadowRole}`;
  return withDatabase(server, ({ socket }) =>
    withSession(socket, async (session) => {
      for (const text of [...before, `create role ${shadowRole} superuser`]) await load(session, text);
      await session.execute('discard all');
      await session.execute(become);
      for (const text of files) await load(session, text);
      await session.execute('discard all');
      await session.execute(become);
      return stateOf(session);
    }),
  );
}

/** The fingerprint of what a database was seen to be. */
export const printOf = ({ catalog }: State): string => computeFingerprint(catalog, kinds);

/**
 * Whether it is again what it was. What a fingerprint leaves out because it tells of rows may have come, but
 * not gone.
 */
export function isBack(now: State, then: State): boolean {
  const isLost = ({ id, kind }: Fact) => kinds.get(kind)?.data?.ofRows && !now.catalog.facts.has(id);
  return printOf(now) === printOf(then) && ![...then.catalog.facts.values()].some(isLost);
}

/** A project's database. What is wanted of it is said before `apply`. */
export class Filed implements Place {
  readonly #project: Project;
  readonly #session: ServerConnection;
  #seen: State | undefined;
  #next: () => Promise<void> = async () => undefined;

  constructor(project: Project, session: ServerConnection) {
    this.#project = project;
    this.#session = session;
  }

  get state(): State {
    if (this.#seen === undefined) throw new Error('look first');
    return this.#seen;
  }

  async look(): Promise<State> {
    this.#seen = await stateOf(this.#session);
    return this.#seen;
  }

  /** Puts rows into it. Throws Problem. */
  async load(seed: string): Promise<void> {
    await load(this.#session, seed);
    await this.#session.execute('discard all');
  }

  /** The next `apply` syncs to this schema. */
  want(schema: string, online = true): this {
    this.#next = async () => {
      // A file without a statement is refused, for it would drop everything; whoever wants that has to say
      // something.
      this.#project.want(holdsStatement(schema) ? schema : 'select 1;');
      await sync(this.#project.context, { ...consent, online }, undefined);
    };
    return this;
  }

  /** The next `apply` rolls back to a version; null: to nothing. */
  back(file: string | null): this {
    const version = file === null ? '0' : readVersion(file);
    this.#next = async () => {
      await rollback(this.#project.context, { ...consent, version }, undefined);
    };
    return this;
  }

  /** Does what was said last; the steps of a plan are for the judges. Throws Problem. */
  apply(): Promise<void> {
    return this.#next();
  }
}
