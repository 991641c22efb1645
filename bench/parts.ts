// What is measured on real products' schemas: each part is one promise.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pgDump } from '../test/proof/dump.ts';
import { query, type Server } from '../test/servers/server.ts';
import { twentyChanges } from './changes.ts';
import { type Measured, type Program, race } from './measure.ts';
import { installMigra } from './migra.ts';
import type { Line, Ratio } from './table.ts';

/** What a part has to work with. */
export interface Desk {
  readonly server: Server;
  /** The folder of the corpus. */
  readonly corpus: string;
  /** A folder of its own, removed in the end. */
  readonly directory: string;
  /** bin/pgmage.cjs */
  readonly pgmage: string;
  /** The built reader. */
  readonly reader: string;
  readonly rounds: number;
  /** Loads a file of the corpus into a database of that name, once. */
  database(name: string): Promise<string>;
  /** Tells why something is left out. */
  skip(what: string, why: string): void;
}

/** One part: measures, and gives its lines of the table. */
export type Part = (desk: Desk) => Promise<Line[]>;

const { execPath: node } = process;

/** An empty start of Node: what no program on it can be faster than. */
export const emptyNode: Program = { name: 'node -e 0', command: [node, '-e', '0'] };

/** Reading the catalog of a live database against what `pg_dump -s` takes for it. */
export const read: Part = async (desk) => {
  const { server, rounds } = desk;
  const part = `read gitlab ${server.major}`;
  const url = await desk.database('gitlab_init');
  const reading = { name: 'read the catalog', command: [node, desk.reader, url] } as const;
  const program = pgDump(server.major);
  if (program === null) {
    desk.skip(part, `its ratio: no pg_dump of version ${server.major} is installed`);
    return (await race([reading], rounds)).map((measured) => ({ part, measured }));
  }
  const dumping = { name: 'pg_dump -s', command: [program, '-s', '-d', url] } as const;
  const [own, dump] = (await race([reading, dumping], rounds)) as [Measured, Measured];
  return [
    { part, measured: dump },
    { part, measured: own, ratio: against(1, 'pg_dump', own, dump) },
  ];
};

/** `db:diff` of two live databases that differ in twenty objects against migra. */
export const difference: Part = async (desk) => {
  const part = `diff gitlab ${desk.server.major}`;
  const url = await desk.database('gitlab_init');
  const changed = await changedCopy(desk, 'gitlab_init');
  const own = diffProgram(desk, url, changed);
  let command: string;
  try {
    command = installMigra();
  } catch {
    desk.skip(part, 'its ratio: npm could not get @pgkit/migra');
    return (await race([own], desk.rounds)).map((measured) => ({ part, measured }));
  }
  // It takes many times as long, and its own ratio hardly varies.
  const rounds = Math.min(desk.rounds, 3);
  const migra = { name: 'migra', command: [node, command, url, changed, '--unsafe'] } as const;
  const [ours, theirs] = (await race([own, migra], rounds)) as [Measured, Measured];
  const faster: Ratio = {
    values: ours.times.map((time, round) => (theirs.times[round] as number) / time),
    promise: '≥ 5 × faster than migra',
    kept: (value) => value >= 5,
  };
  return [
    { part, measured: theirs },
    { part, measured: ours, ratio: faster },
  ];
};

/** `db:status` of a big schema.sql that did not change, against reading the database alone. */
export const status: Part = async (desk) => {
  const part = `status gitlab ${desk.server.major}`;
  const url = await desk.database('gitlab_init');
  const reading: Program = { name: 'read alone', command: [node, desk.reader, url], tellsTime: true };
  const own = statusProgram(desk, project(desk, 'gitlab_init'), url);
  const [empty, alone, ours] = await threeOf([emptyNode, reading, own], desk.rounds);
  const values = ours.times.map(
    (time, round) => time / ((alone.times[round] as number) + (empty.times[round] as number)),
  );
  const ratio = { values, promise: '≤ 1.2 × (read + node)', kept: (value: number) => value <= 1.2 };
  return [
    { part, measured: empty },
    { part, measured: alone },
    { part, measured: ours, ratio },
  ];
};

/** `db:status` of a small schema.sql against an empty start of Node. */
export const chinook: Part = async (desk) => {
  const part = `status chinook ${desk.server.major}`;
  const url = await desk.database('chinook');
  const own = statusProgram(desk, project(desk, 'chinook'), url);
  // They are short, so there can be more of them.
  const [empty, ours] = (await race([emptyNode, own], desk.rounds * 2)) as [Measured, Measured];
  return [
    { part, measured: empty },
    { part, measured: ours, ratio: against(4, 'node', ours, empty) },
  ];
};

/** `db:diff --sql` from one live database to another. */
export function diffProgram({ pgmage }: Desk, from: string, to: string): Program {
  return { name: 'db:diff --sql', command: [node, pgmage, 'db:diff', '--from', from, '--to', to, '--sql'] };
}

/** `db:status` of a project; anything but "in sync" is a failure. */
export function statusProgram({ pgmage }: Desk, cwd: string, url: string): Program {
  const command = [node, pgmage, 'db:status', '--check'] as const;
  return { name: 'db:status', command, cwd, variables: { DATABASE_URL: url } };
}

/** A copy of a database that differs from it in twenty objects. */
export async function changedCopy({ server }: Desk, name: string): Promise<string> {
  await query(server.socket(), `create database ${name}_changed template ${name} strategy file_copy`);
  await query(server.socket(`${name}_changed`), twentyChanges);
  return server.url(`${name}_changed`);
}

/** A folder in which a file of the corpus is the wanted schema. */
function project({ directory, corpus, server }: Desk, name: string): string {
  const root = join(directory, `${name}-${server.major}`);
  mkdirSync(join(root, 'schema'), { recursive: true });
  cpSync(join(corpus, `${name}.sql`), join(root, 'schema/schema.sql'));
  return root;
}

/** At most so many times as long as another one. */
export function against(limit: number, what: string, own: Measured, other: Measured): Ratio {
  return {
    values: own.times.map((time, round) => time / (other.times[round] as number)),
    promise: `≤ ${limit} × ${what}`,
    kept: (value) => value <= limit,
  };
}

async function threeOf(
  programs: readonly [Program, Program, Program],
  rounds: number,
): Promise<readonly [Measured, Measured, Measured]> {
  const [first, second, third] = await race(programs, rounds);
  return [first as Measured, second as Measured, third as Measured];
}
