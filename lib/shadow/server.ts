// A shadow on a server that the user names: a database of its own there, dropped at the end whatever happens.
import { randomBytes } from 'node:crypto';
import { shadowRole } from '../model/catalog.ts';
import { quote } from '../model/quote.ts';
import { connect } from '../pg/connect.ts';
import type { Connection } from '../pg/connection.ts';
import { Queue } from './queue.ts';
import type { Shadow } from './shadow.ts';

/**
 * Makes the database and connects to it.
 * @throws Problem whatever connecting and CREATE DATABASE throw, e.g. `permission_denied`
 */
export async function openServerShadow(url: string): Promise<Shadow> {
  const name = `pgmage_shadow_${randomBytes(8).toString('hex')}`;
  const keeper = await connect({ url, applicationName: 'pgmage shadow' });
  // template0 holds nothing that somebody added to template1, and allows any encoding.
  const create = () =>
    keeper.execute(`create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`);
  const drop = () => keeper.execute(`drop database if exists ${name} with (force)`);
  const open = () => connect({ url: withDatabase(url, name), applicationName: 'pgmage shadow' });
  const queue = new Queue();
  let connection: Connection;
  try {
    await create();
    connection = await open();
  } catch (thrown) {
    await drop().catch(() => undefined);
    await keeper.close();
    throw thrown;
  }
  return {
    major: connection.major,
    extensions: null,
    state: (work) =>
      queue.run(async () => {
        await connection.execute('begin');
        try {
          await become(connection);
          return await work(connection);
        } finally {
          await connection.execute('rollback');
        }
      }),
    committed: (work) =>
      queue.run(async () => {
        const roles = await rolesOf(connection);
        try {
          await become(connection);
          return await work(connection);
        } finally {
          await connection.close();
          await drop();
          // Roles belong to the whole server: those that came meanwhile came from here.
          for (const role of await rolesOf(keeper))
            if (!roles.includes(role)) await keeper.execute(`drop role if exists ${quote(role)}`);
          await create();
          connection = await open();
        }
      }),
    close: () =>
      queue.run(async () => {
        await connection.close().catch(() => undefined);
        await drop();
        await keeper.close();
      }),
  };
}

// Takes on the reserved role; the role itself goes with the transaction. A superuser makes it one, because schemas
// create extensions and event triggers; others give it all that they can.
async function become(connection: Connection): Promise<void> {
  const [me] = await connection.rows<{ super: boolean; known: boolean }>(`select rolsuper as super,
    exists (select from pg_roles where rolname = '${shadowRole}') as known from pg_roles where rolname = current_user`);
  if (!me?.known) await connection.execute(`create role ${shadowRole}${me?.super ? ' superuser' : ''}`);
  if (me?.super) await connection.execute(`set session authorization ${shadowRole}`);
  else
    await connection.execute(`grant ${shadowRole} to current_user;
      do $$ begin execute format('alter database %I owner to ${shadowRole}', current_database()); end $$;
      set role ${shadowRole}`);
}

async function rolesOf(connection: Connection): Promise<string[]> {
  const rows = await connection.rows<{ rolname: string }>('select rolname::text from pg_roles');
  return rows.map(({ rolname }) => rolname);
}

/** The same server and login, another database. */
function withDatabase(url: string, database: string): string {
  const at = /^(\w+:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(url.trim());
  return `${at?.[1]}/${database}${at?.[2] ?? ''}`;
}
