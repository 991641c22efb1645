// Databases with rows for what moves data, and the server that they are on.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pgDump } from '../test/proof/dump.ts';
import { rowsOf } from '../test/servers/databases.ts';
import { type OwnServer, query, startServer } from '../test/servers/server.ts';
import type { Desk } from './parts.ts';

/** A generated database. */
export interface Bulk {
  readonly name: string;
  /** What it is, for people. */
  readonly what: string;
  /** SQL that makes it with so many rows in all. */
  sql(rows: number): string[];
}

// Of what applications keep: numbers, times, short and longer texts; about 200 bytes with what the server
// adds.
const columns = `id bigint not null, at timestamptz not null, by int not null, kind text not null,
  amount numeric(12, 2) not null,
  flag boolean not null, note text`;
const filled = (table: string, from: number, rows: number) =>
  `insert into ${table} select n, '2020-01-01'::timestamptz + n * interval '7 seconds',
    (n * 7919::bigint) % 100003, 'kind ' || n % 40,
    (n % 1000003) / 100.0, n % 3 = 0, repeat(md5(n::text), 3) from generate_series(${from},
    ${from + rows - 1}) n`;
const rowBytes = 200;
// What one transaction makes.
const chunk = 2_000_000;

function table(name: string, rows: number, indexes: readonly string[]): string[] {
  const starts = Array.from({ length: Math.ceil(rows / chunk) }, (_, at) => at * chunk);
  return [
    `create table ${name} (${columns})`,
    ...starts.map((start) => filled(name, start + 1, Math.min(chunk, rows - start))),
    `alter table ${name} add primary key (id)`,
    ...indexes.map((index) => `create index on ${name} ${index}`),
  ];
}

/** Indexes as an application has them. */
export const four = ['(at)', '(by, at)', '(kind, amount)', '(amount) where flag'];

/** The databases that clones and backups are measured with. */
export const bulks: readonly Bulk[] = [
  { name: 'one', what: 'one big table', sql: (rows) => table('events', rows, []) },
  {
    name: 'six',
    what: 'six tables, thirty indexes',
    sql: (rows) =>
      Array.from({ length: 6 }, (_, at) => table(`events_${at}`, Math.ceil(rows / 6), four)).flat(),
  },
  {
    name: 'many',
    what: '500 small tables',
    sql: (rows) =>
      Array.from({ length: 500 }, (_, at) => [
        ...table(`events_${at}`, Math.ceil(rows / 500), ['(by)']),
        ...(at > 0 ? [`alter table events_${at} add foreign key (id) references events_${at - 1} (id)`] : []),
      ]).flat(),
  },
];

/** A server on a disk, set up like one that is in use, with the client programs of its version. */
export interface Yard {
  readonly server: OwnServer;
  /** Folder of pg_dump, pg_restore and psql. */
  readonly programs: string;
  /** Makes a generated database once, of so many gigabytes of rows. */
  database(bulk: Bulk, gigabytes: number): Promise<string>;
  /** Makes a new empty database in the place of one, and of what swaps kept of it. */
  empty(name: string): Promise<string>;
}

const settings = {
  ...{
    fsync: 'on',
    full_page_writes: 'on',
    wal_level: 'replica',
    shared_buffers: '512MB',
    max_wal_size: '4GB',
  },
  checkpoint_timeout: '15min',
};

/**
 * Lends a server.
 * @returns nothing where there is no pg_dump of its version, which is told
 */
export async function inYard<T>(
  desk: Desk,
  what: string,
  use: (yard: Yard) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const { major } = desk.server;
  const dump = pgDump(major);
  if (dump === null) {
    desk.skip(`${what} ${major}`, `no pg_dump of version ${major} is installed`);
    return [];
  }
  const server = await startServer(major, settings, tmpdir());
  const made = new Map<string, Promise<string>>();
  const make = async (bulk: Bulk, gigabytes: number, name: string) => {
    await query(server.socket(), `create database ${name} template template0`);
    const rows = Math.ceil((gigabytes * 2 ** 30) / rowBytes);
    for (const sql of bulk.sql(rows)) await query(server.socket(name), sql);
    await query(server.socket(name), 'vacuum analyze');
    await query(server.socket(), 'checkpoint');
    return server.url(name);
  };
  try {
    return await use({
      server,
      programs: dirname(dump),
      database(bulk, gigabytes) {
        const name = `${bulk.name}_${String(gigabytes).replace('.', '_')}`;
        const url = made.get(name) ?? make(bulk, gigabytes, name);
        made.set(name, url);
        return url;
      },
      async empty(name) {
        for (const old of await named(server, `^${name}(_old_\\d+t\\d+)?$`))
          await query(server.socket(), `drop database ${old} with (force)`);
        await query(server.socket(), `create database ${name} template template0`);
        await query(server.socket(), 'checkpoint');
        return server.url(name);
      },
    });
  } finally {
    await server.stop();
  }
}

async function named(server: OwnServer, pattern: string): Promise<string[]> {
  const sql = `select datname::text as name from pg_database where datname ~ '${pattern}'`;
  return (await rowsOf<{ name: string }>(server.socket(), sql)).map(({ name }) => name);
}

/** The path of a program; null where it is not installed. */
export function installed(program: string): string | null {
  try {
    return execFileSync('sh', ['-c', 'command -v -- "$1"', 'sh', program], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** A path among the client programs. */
export const programIn = ({ programs }: Yard, name: string): string => join(programs, name);
