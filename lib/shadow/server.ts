// A shadow on a server that the user names: its own database there, dropped at the end in every case.
import { randomBytes } from 'node:crypto';
import { shadowRole } from '../model/catalog.ts';
import { connect } from '../pg/connect.ts';
import type { Connection } from '../pg/connection.ts';
import { buildUnpin } from '../pg/pinned.ts';
import { refusePooler } from '../pg/pooler.ts';
import { replaceDatabase } from '../pg/url.ts';
import { Problem } from '../problem/problem.ts';
import { OwnRoles } from './own-roles.ts';
import { Queue } from './queue.ts';
import type { Ground, Shadow, ShadowOptions } from './shadow.ts';

/**
 * Creates the database and connects to it.
 * @param onInterrupt receives a function that removes it on an interrupt; see `ShadowOptions`
 * @throws Problem of connecting and CREATE DATABASE, e.g. `permission_denied`
 */
export async function openServerShadow(
  url: string,
  onInterrupt: ShadowOptions['onInterrupt'] = () => () => {},
): Promise<Shadow> {
  const database = new ShadowDatabase(url, await openKeeper(url));
  const forget = onInterrupt(() => database.interrupt());
  let { connection, superuser } = await database.begin().catch(async (thrown: unknown) => {
    await database.drop().catch(() => undefined);
    forget();
    await database.keeper.close();
    throw thrown;
  });
  const queue = new Queue();
  return {
    major: connection.major,
    extensions: null,
    superuser,
    // The ground does not stay: its transaction holds names, such as that of a role, that other sessions
    // would wait for.
    state: (work, ground) => queue.run(() => inTransaction(connection, work, ground)),
    committed: (work, ground) =>
      queue.run(async () => {
        const noted = database.roles.noting(connection);
        try {
          await found(noted, database.roles, ground);
          return await work(noted);
        } finally {
          connection = await database.remake(connection);
        }
      }),
    close: () =>
      queue.run(async () => {
        await connection.close().catch(() => undefined);
        if (database.isInterrupted) return;
        await database.drop();
        forget();
        await database.keeper.close();
      }),
  };
}

async function openKeeper(url: string): Promise<Connection> {
  const keeper = await connect({ url, applicationName: 'pgmage shadow' });
  await refusePooler(keeper).catch(async (thrown: unknown) => {
    await keeper.close();
    throw thrown;
  });
  return keeper;
}

// The database of a shadow, and the session that makes and drops it.
class ShadowDatabase {
  readonly #url: string;
  readonly #name = `pgmage_shadow_${randomBytes(8).toString('hex')}`;
  readonly keeper: Connection;
  readonly roles = new OwnRoles();
  isInterrupted = false;

  constructor(url: string, keeper: Connection) {
    this.#url = url;
    this.keeper = keeper;
  }

  /** Creates it, connects to it, and finds out whose rights it has. */
  async begin(): Promise<{ connection: Connection; superuser: string | null }> {
    const connection = await this.make();
    return { connection, superuser: await superuserOf(this.keeper) };
  }

  /** Creates it and connects to it. */
  async make(): Promise<Connection> {
    // template0 has no user objects, unlike template1, and allows any encoding.
    const options = `template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`;
    await this.keeper.execute(`create database ${this.#name} ${options}`);
    // A shadow runs what users wrote, under the path that its role is set to.
    const url = replaceDatabase(this.#url, this.#name);
    const session = await connect({ url, applicationName: 'pgmage shadow' });
    await session.execute(buildUnpin('session'));
    return session;
  }

  async drop(): Promise<void> {
    await this.keeper.execute(`drop database if exists ${this.#name} with (force)`);
  }

  /** Creates it again for the session, unless an interrupt has removed it. */
  async remake(session: Connection): Promise<Connection> {
    await session.close();
    if (!this.isInterrupted) {
      await this.drop();
      await this.roles.drop(this.keeper);
    }
    return this.isInterrupted ? session : this.make();
  }

  async interrupt(): Promise<void> {
    this.isInterrupted = true;
    try {
      // Runs after the keeper's current work, such as creating the database.
      await this.drop();
      await this.roles.drop(this.keeper);
    } catch (thrown) {
      const state = `The database ${this.#name} on the shadow's server is left: ${(thrown as Error).message}`;
      throw new Problem('interrupted', { state });
    }
  }
}

async function inTransaction<T>(
  connection: Connection,
  work: (connection: Connection) => Promise<T>,
  ground: Ground | undefined,
): Promise<T> {
  await connection.execute('begin');
  try {
    await become(connection);
    await ground?.lay(connection);
    return await work(connection);
  } finally {
    await connection.execute('rollback');
  }
}

// Commits the reserved role and the ground together: a rollback leaves no record.
async function found(connection: Connection, own: OwnRoles, ground: Ground | undefined): Promise<void> {
  try {
    await connection.execute('begin');
    await become(connection);
    await ground?.lay(connection);
    await connection.execute('commit');
  } catch (thrown) {
    own.forget();
    throw thrown;
  }
}

async function superuserOf(connection: Connection): Promise<string | null> {
  const [me] = await connection.rows<{ role: string }>(
    'select rolname::text as role from pg_catalog.pg_roles where rolname = current_user and rolsuper',
  );
  return me?.role ?? null;
}

// Takes on the reserved role; the role itself goes with the transaction. A superuser makes it one, because
// schemas create extensions and event triggers; others give it all that they can.
async function become(connection: Connection): Promise<void> {
  const [me] = await connection.rows<{ super: boolean; known: boolean }>(`select rolsuper as super,
    exists (select from pg_roles where rolname = '${shadowRole}') as known from pg_roles
    where rolname = current_user`);
  if (!me?.known) await connection.execute(`create role ${shadowRole}${me?.super ? ' superuser' : ''}`);
  if (me?.super) await connection.execute(`set session authorization ${shadowRole}`);
  else
    await connection.execute(`grant ${shadowRole} to current_user;
      do $$ begin execute format('alter database %I owner to ${shadowRole}', current_database()); end $$;
      set role ${shadowRole}`);
}
