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
  const name = `pgmage_shadow_${randomBytes(8).toString('hex')}`;
  const keeper = await connect({ url, applicationName: 'pgmage shadow' });
  await refusePooler(keeper).catch(async (thrown: unknown) => {
    await keeper.close();
    throw thrown;
  });
  // template0 has no user objects, unlike template1, and allows any encoding.
  const create = () =>
    keeper.execute(`create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`);
  const drop = () => keeper.execute(`drop database if exists ${name} with (force)`);
  // A shadow runs what users wrote, under the path that its role is set to.
  const open = async () => {
    const session = await connect({ url: replaceDatabase(url, name), applicationName: 'pgmage shadow' });
    await session.execute(buildUnpin('session'));
    return session;
  };
  const own = new OwnRoles();
  let interrupted = false;
  const forget = onInterrupt(async () => {
    interrupted = true;
    try {
      // Runs after the keeper's current work, such as creating the database.
      await drop();
      await own.drop(keeper);
    } catch (thrown) {
      const state = `The database ${name} on the shadow's server is left: ${(thrown as Error).message}`;
      throw new Problem('interrupted', { state });
    }
  });
  const queue = new Queue();
  let connection: Connection;
  let superuser: string | null;
  try {
    await create();
    connection = await open();
    superuser = await superuserOf(keeper);
  } catch (thrown) {
    await drop().catch(() => undefined);
    forget();
    await keeper.close();
    throw thrown;
  }
  return {
    major: connection.major,
    extensions: null,
    superuser,
    // The ground does not stay: its transaction holds names, such as that of a role, that other sessions
    // would wait for.
    state: (work, ground) =>
      queue.run(async () => {
        await connection.execute('begin');
        try {
          await become(connection);
          await ground?.lay(connection);
          return await work(connection);
        } finally {
          await connection.execute('rollback');
        }
      }),
    committed: (work, ground) =>
      queue.run(async () => {
        const noted = own.noting(connection);
        try {
          await found(noted, own, ground);
          return await work(noted);
        } finally {
          await connection.close();
          if (!interrupted) {
            await drop();
            await own.drop(keeper);
          }
          if (!interrupted) {
            await create();
            connection = await open();
          }
        }
      }),
    close: () =>
      queue.run(async () => {
        await connection.close().catch(() => undefined);
        if (interrupted) return;
        await drop();
        forget();
        await keeper.close();
      }),
  };
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
