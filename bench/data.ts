// data:diff against what people type instead: time, CPU of the servers, memory; and many small tables.
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install, installedServers } from '../test/servers/binaries.ts';
import { rowsOf } from '../test/servers/databases.ts';
import { type OwnServer, query, startServer } from '../test/servers/server.ts';
import { bulks, installed } from './bulk.ts';
import { type Measured, once, type Program } from './measure.ts';
import type { Desk, Part } from './parts.ts';
import type { Line, Ratio } from './table.ts';

const settings = { wal_level: 'replica', shared_buffers: '512MB', max_wal_size: '4GB' };
/** The names of the two databases. */
export const [source, target] = ['data_source', 'data_target'] as const;

// 60 changed, 20 missing, 20 extra, spread over the whole table.
const changes = (rows: number) => `
  update events set note = note || '.' where id % ${Math.floor(rows / 60)} = 17;
  delete from events where id % ${Math.floor(rows / 20)} = 23;
  insert into events select id + ${rows}, at, by, kind, amount, flag, note from events
  where id % ${Math.floor(rows / 20)} = 29`;

/** Two databases of one big table, and two of many small ones. @param rows of the big table */
export const dataDiffs =
  (rows: number): Part =>
  (desk) =>
    onDisk(desk, async (server) => [...(await big(desk, server, rows)), ...(await small(desk, server))]);

/** Lends a server on a disk, set up like one that is in use. */
export async function onDisk<T>(desk: Desk, use: (server: OwnServer) => Promise<T>): Promise<T> {
  const { major } = desk.server;
  // The extension of pg_comparator belongs to an installed server.
  const folder = installedServers().find((one) => install(one).major === major);
  const server = await startServer(folder ?? major, settings, tmpdir());
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

async function big(desk: Desk, server: OwnServer, rows: number): Promise<Line[]> {
  const part = `data:diff of ${rows} rows, 100 changes ${server.major}`;
  await fillSource(server, 'one', rows);
  await copied(server, changes(rows));
  const own = pgmage(desk, server, 'data:diff');
  const others = [comparator(desk, server, part), reladiff(desk, server, part)].filter(
    (other) => other !== null,
  );
  const runs = await raced(server, [own, ...others.map(({ program }) => program)], desk.rounds);
  const [ours] = runs as [Raced];
  const memory: Ratio = {
    values: [(ours.wall.peak ?? 0) / 2 ** 20],
    promise: '< 200 MB',
    kept: (value) => value < 200,
  };
  return [
    { part, measured: ours.wall, ratio: memory },
    { part, measured: ours.cpu },
    ...others.flatMap(({ limit }, at): Line[] => {
      const theirs = runs[at + 1] as Raced;
      return [
        { part, measured: theirs.wall, ratio: below(limit, theirs.wall.name, ours.wall, theirs.wall) },
        { part, measured: theirs.cpu, ratio: below(limit, theirs.cpu.name, ours.cpu, theirs.cpu) },
      ];
    }),
  ];
}

async function small(desk: Desk, server: OwnServer): Promise<Line[]> {
  const part = `data:diff of 500 tables of 1000 rows, 10 changes ${server.major}`;
  await fillSource(server, 'many', 500_000);
  const few = Array.from(
    { length: 10 },
    (_, at) => `update events_${at * 50} set note = 'other' where id = 7`,
  );
  await copied(server, few.join(';'));
  const [diff, verify] = (await raced(
    server,
    // It ends with 1 because rows differ.
    [pgmage(desk, server, 'data:diff'), { ...pgmage(desk, server, 'data:verify'), exitCodes: [1] }],
    desk.rounds,
  )) as [Raced, Raced];
  return [
    { part, measured: verify.wall },
    { part, measured: diff.wall, ratio: below(2, 'data:verify', diff.wall, verify.wall) },
    { part, measured: diff.cpu, ratio: below(2, 'data:verify, CPU', diff.cpu, verify.cpu) },
  ];
}

/** Makes the source anew, with generated tables. @param name of the generated database */
export async function fillSource(server: OwnServer, name: string, rows: number): Promise<void> {
  await query(server.socket(), `drop database if exists ${source} with (force)`);
  await query(server.socket(), `create database ${source} template template0`);
  const bulk = bulks.find((one) => one.name === name);
  for (const sql of bulk?.sql(rows) ?? []) await query(server.socket(source), sql);
}

/** Makes the target a copy of the source, with changes. */
export async function copied(server: OwnServer, sql: string): Promise<void> {
  await query(server.socket(source), 'vacuum analyze');
  await query(server.socket(), `drop database if exists ${target} with (force)`);
  await query(server.socket(), `create database ${target} template ${source}`);
  await query(server.socket(target), sql);
  await query(server.socket(target), 'vacuum analyze');
  await query(server.socket(), 'checkpoint');
}

/** A task between the two databases. */
export function pgmage(
  { pgmage: file, directory }: Desk,
  server: OwnServer,
  task: string,
  words: readonly string[] = [],
): Program {
  const ends = ['--from', server.url(source), '--to', server.url(target)];
  return { name: task, command: [process.execPath, file, task, ...ends, ...words], cwd: directory };
}

interface Other {
  readonly program: Program;
  /** What our time may be of its time. */
  readonly limit: number;
}

function comparator(desk: Desk, server: OwnServer, part: string): Other | null {
  const file = installed('pg_comparator');
  if (file === null) {
    desk.skip(
      `${part}, pg_comparator`,
      'it is not installed (Debian: apt-get install postgresql-comparator)',
    );
    return null;
  }
  const end = (name: string) => `postgres:${server.password}@127.0.0.1:${server.port}/${name}/events`;
  const program: Program = {
    name: 'pg_comparator',
    command: [file, '--max-report=1000', '--no-lock', end(source), end(target)],
    ...(process.env.PERL5LIB !== undefined && { variables: { PERL5LIB: process.env.PERL5LIB } }),
    async prepare() {
      for (const name of [source, target])
        await query(server.socket(name), 'create extension if not exists pgcmp');
    },
  };
  return { program, limit: 0.5 };
}

function reladiff(desk: Desk, server: OwnServer, part: string): Other | null {
  const file = installed('reladiff');
  if (file === null) {
    desk.skip(`${part}, reladiff`, 'it is not installed (pip install reladiff psycopg2-binary)');
    return null;
  }
  const all = ['at', 'by', 'kind', 'amount', 'flag', 'note'].flatMap((name) => ['-c', name]);
  const url = (name: string) => server.url(name).replace(/^postgres:/, 'postgresql:');
  const words = [url(source), 'events', url(target), 'events', '-k', 'id', ...all];
  return { program: { name: 'reladiff', command: [file, ...words] }, limit: 0.2 };
}

/** One program, all rounds. */
export interface Raced {
  readonly wall: Measured;
  /** Of the server, which both databases are on. */
  readonly cpu: Measured;
}

/** Runs programs in turn, round after round. */
export async function raced(
  server: OwnServer,
  programs: readonly Program[],
  rounds: number,
): Promise<Raced[]> {
  const found = programs.map(() => ({ walls: [] as Measured[], cpus: [] as number[] }));
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < programs.length; turn++) {
      const at = (turn + round) % programs.length;
      const program = programs[at] as Program;
      await program.prepare?.();
      const before = await cpuOf(server);
      found[at]?.walls.push(await once({ ...program, prepare: async () => undefined }));
      found[at]?.cpus.push((await cpuOf(server)) - before);
    }
  return programs.map(({ name }, at) => {
    const { walls, cpus } = found[at] as (typeof found)[number];
    const peaks = walls.flatMap(({ peak }) => peak ?? []);
    return {
      wall: {
        name,
        times: walls.flatMap(({ times }) => times),
        peak: peaks.length > 0 ? Math.max(...peaks) : null,
      },
      cpu: { name: `${name}, CPU of both servers`, times: cpus, peak: null },
    };
  });
}

/** The promise that our time is at most so many times theirs. */
export function below(limit: number, name: string, ours: Measured, theirs: Measured): Ratio {
  return {
    values: ours.times.map((time, round) => time / (theirs.times[round] as number)),
    promise: `≤ ${limit} × ${name}`,
    kept: (value) => value <= limit,
  };
}

// Linux counts in hundredths of a second, of a process and of its children that have ended (manual:
// proc_pid_stat).
async function cpuOf({ directory, socket }: OwnServer): Promise<number> {
  const [found] = await rowsOf<{ parent: number }>(
    socket(),
    `select pg_catalog.split_part(pg_catalog.pg_read_file('postmaster.pid'), E'\\n', 1)::int as parent`,
  );
  const parent = found?.parent ?? 0;
  if (directory === '' || parent === 0) return 0;
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const ticks = all.map((pid) => {
    try {
      const fields = readFileSync(join('/proc', pid, 'stat'), 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      const own = Number(fields[11]) + Number(fields[12]);
      if (Number(pid) === parent) return own + Number(fields[13]) + Number(fields[14]);
      return Number(fields[1]) === parent ? own : 0;
    } catch {
      // It has ended meanwhile, and is counted by its parent.
      return 0;
    }
  });
  return ticks.reduce((sum, one) => sum + one, 0) * 10;
}
