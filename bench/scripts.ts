// SQL scripts without any client program, against db:backup and db:restore by pg_dump.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { backupProgram } from './backups.ts';
import { type Bulk, bulks, inYard, programIn, type Yard } from './bulk.ts';
import { type Measured, once, type Program, race } from './measure.ts';
import { against, type Desk, type Part } from './parts.ts';
import type { Line } from './table.ts';

const target = 'script_target';
const limit = 200 * 2 ** 20;

/** Export and import of a generated database, and of a fifth of it, which shows that memory does not grow. */
export const scripts =
  (gigabytes: number): Part =>
  async (desk) => [
    ...(await inYard(desk, 'scripts', async (yard) => {
      const lines: Line[] = [];
      for (const size of [gigabytes / 5, gigabytes].map((one) => Number(one.toPrecision(3)))) {
        const source = await yard.database(bulks[1] as Bulk, size);
        const name = `${size} GB ${yard.server.major}`;
        lines.push(...(await exported(desk, source, `export ${name}`)));
        lines.push(...(await imported(desk, yard, source, `import ${name}`)));
      }
      return lines;
    })),
  ];

const ways = {
  'by pg_dump': ['--engine', 'pg_dump'],
  'by pgmage': ['--engine', 'native'],
  'by pgmage, INSERT': ['--engine', 'native', '--inserts'],
} as const;

function backupBy(desk: Desk, way: keyof typeof ways, source: string): Program {
  const program = backupProgram(desk, 'plain', source, join(desk.directory, way.replaceAll(/\W+/g, '-')));
  const [node = '', ...words] = program.command;
  return { ...program, name: `db:backup ${way}`, command: [node, ...words, ...ways[way]] };
}

async function exported(desk: Desk, source: string, part: string): Promise<Line[]> {
  const programs = (Object.keys(ways) as (keyof typeof ways)[]).map((way) => backupBy(desk, way, source));
  const [theirs, ours, inserts] = (await race(programs, desk.rounds, true)) as [Measured, Measured, Measured];
  return [
    { part, measured: theirs },
    { part, measured: ours, ratio: against(1.2, 'by pg_dump', ours, theirs) },
    ...[ours, inserts].map((one) => memory(part, one)),
  ];
}

async function imported(desk: Desk, yard: Yard, source: string, part: string): Promise<Line[]> {
  const fileOf = async (way: keyof typeof ways) => {
    const program = backupBy(desk, way, source);
    await once(program);
    const folder = join(desk.directory, way.replaceAll(/\W+/g, '-'));
    return join(folder, readdirSync(folder).find((name) => name.endsWith('.gz')) ?? '');
  };
  const restoring = (name: string, file: string, ...words: string[]): Program => ({
    name,
    command: [
      process.execPath,
      desk.pgmage,
      ...['db:restore', file, '--to', 'local', '--yes', '--force', ...words],
    ],
    cwd: desk.directory,
    variables: { DATABASE_URL: yard.server.url(target) },
    prepare: () => yard.empty(target).then(() => undefined),
  });
  const [theirs, ours, inserts] = [
    await fileOf('by pg_dump'),
    await fileOf('by pgmage'),
    await fileOf('by pgmage, INSERT'),
  ];
  const psql =
    `gunzip -c '${theirs}' | '${programIn(yard, 'psql')}' -X -q -1 -v ON_ERROR_STOP=1` +
    ` -d '${yard.server.url(target)}'`;
  const programs = [
    restoring('db:restore of pg_dump', theirs),
    restoring('db:restore', ours),
    restoring('db:restore --without-manifest', theirs, '--without-manifest'),
    {
      name: 'gunzip | psql -1',
      command: ['sh', '-c', psql],
      prepare: () => yard.empty(target).then(() => undefined),
    } satisfies Program,
  ];
  const [first, own, foreign, plain] = (await race(programs, desk.rounds, true)) as [
    Measured,
    Measured,
    Measured,
    Measured,
  ];
  const slow = await once(
    restoring('db:restore --without-manifest of INSERT', inserts, '--without-manifest'),
  );
  return [
    { part, measured: first },
    { part, measured: own, ratio: against(1.2, 'db:restore of pg_dump', own, first) },
    { part, measured: foreign, ratio: against(1.2, 'db:restore of pg_dump', foreign, first) },
    { part, measured: plain },
    ...[own, foreign, slow].map((one) => memory(part, one)),
  ];
}

const memory = (part: string, measured: Measured): Line => ({
  part,
  measured: { ...measured, name: `${measured.name}: memory` },
  ratio: {
    values: measured.peak === null ? [] : [measured.peak / limit],
    promise: '< 200 MB',
    kept: (value) => value < 1,
  },
});
