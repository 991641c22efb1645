// Databases that are made for one test and dropped after it.
import pg from 'pg';
import { query, type Server } from './server.ts';

/** A database of its own on a test server. */
export interface Database {
  readonly name: string;
  /** URL over loopback, with the password. */
  readonly url: string;
  /** URL over the unix socket. */
  readonly socket: string;
  /** Drops it, with whoever is still connected. */
  drop(): Promise<void>;
}

// A database that subscribes to something cannot be dropped, and DROP SUBSCRIPTION would call the publisher
// first.
const releaseSubscriptions = `do $$ declare s record; begin
  for s in select subname from pg_subscription where subdbid = (select oid from pg_database
  where datname = current_database())
  loop
    execute format('alter subscription %I disable', s.subname);
    execute format('alter subscription %I set (slot_name = none)', s.subname);
    execute format('drop subscription %I', s.subname);
  end loop;
end $$`;

let made = 0;

/**
 * Makes an empty database, or a copy of one that has no sessions.
 * Measured on 15 to 18: FILE_COPY takes half the time of WAL_LOG here, as nothing is flushed.
 */
export async function freshDatabase(server: Server, template = 'template0'): Promise<Database> {
  made += 1;
  const name = `test_${process.pid}_${made}`;
  await query(server.socket(), `create database ${name} template ${template} strategy file_copy`);
  return {
    name,
    url: server.url(name),
    socket: server.socket(name),
    async drop() {
      const drop = () => query(server.socket(), `drop database if exists ${name} with (force)`);
      await drop().catch(() => query(server.socket(name), releaseSubscriptions).then(drop));
    },
  };
}

/** Runs a function with a database that is dropped afterwards, however it ends. */
export async function withDatabase<T>(server: Server, use: (database: Database) => Promise<T>): Promise<T> {
  const database = await freshDatabase(server);
  try {
    return await use(database);
  } finally {
    await database.drop();
  }
}

/** Lends a database on each of two servers. */
export function withPair<T>(
  from: Server,
  to: Server,
  use: (source: Database, target: Database) => Promise<T>,
): Promise<T> {
  return withDatabase(from, (source) => withDatabase(to, (target) => use(source, target)));
}

/** Runs one statement or several in a session of its own and gives the rows of the last. */
export async function rowsOf<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
