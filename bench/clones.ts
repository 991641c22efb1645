// db:clone against what people type instead.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Bulk, bulks, installed, inYard, programIn, type Yard } from './bulk.ts';
import { type Measured, type Program, race } from './measure.ts';
import { against, type Desk, type Part } from './parts.ts';
import type { Line, Ratio } from './table.ts';

// The end of psql's input is also held by the shell, which lets go of it only where pg_dump succeeded: what
// breaks off is never committed.
const guarded = `mkfifo "$0"; "$2" -X -q -1 -v ON_ERROR_STOP=1 -d "$4" <"$0" >/dev/null & psql=$!
exec 3>"$0"; rm "$0"; if "$1" -d "$3" >&3; then exec 3>&-; wait $psql; else kill -9 $psql; exit 1; fi`;

const target = 'clone_target';

/** `db:clone`, the default way and with --swap, of generated databases. */
export const clones =
  (gigabytes: number): Part =>
  async (desk) => [
    ...(await inYard(desk, 'clone', async (yard) => {
      const lines: Line[] = [];
      for (const bulk of bulks) lines.push(...(await raced(desk, yard, bulk, gigabytes)));
      return lines;
    })),
  ];

async function raced(desk: Desk, yard: Yard, bulk: Bulk, gigabytes: number): Promise<Line[]> {
  const part = `clone ${bulk.what}, ${gigabytes} GB ${yard.server.major}`;
  const source = await yard.database(bulk, gigabytes);
  const pipe: Program = {
    name: 'pg_dump | psql, guarded',
    command: [
      'sh',
      '-c',
      guarded,
      join(desk.directory, 'pipe'),
      ...['pg_dump', 'psql'].map((name) => programIn(yard, name)),
      ...[source, yard.server.url(target)],
    ],
    prepare: () => yard.empty(target).then(() => undefined),
  };
  const copydb = copydbProgram(desk, yard, source, part);
  const programs = [pipe, ...cloneWays(desk, yard, source), ...copydb];
  const [baseline, plain, swap, theirs] = (await race(programs, desk.rounds, true)) as [
    Measured,
    Measured,
    Measured,
    Measured?,
  ];
  await yard.empty(target);
  const under: Ratio = {
    ...against(0.9, 'pg_dump | psql', swap, baseline),
    promise: '< 0.9 × pg_dump | psql',
  };
  return [
    { part, measured: baseline },
    { part, measured: plain, ratio: against(1, 'pg_dump | psql', plain, baseline) },
    { part, measured: swap, ratio: { ...under, kept: (value) => value < 0.9 } },
    ...(theirs === undefined ? [] : [{ part, measured: theirs }]),
  ];
}

/** Both ways of db:clone into a new database. */
export function cloneWays({ pgmage }: Desk, yard: Yard, source: string): [Program, Program] {
  const command = [process.execPath, pgmage, 'db:clone', '--from', source] as const;
  const plain: Program = {
    name: 'db:clone',
    command: [...command, '--to', yard.server.url(target), '--yes', '--force'],
    prepare: () => yard.empty(target).then(() => undefined),
  };
  return [plain, { ...plain, name: 'db:clone --swap', command: [...plain.command, '--swap'] }];
}

// It signals its process group, so that it gets one of its own.
function copydbProgram(desk: Desk, yard: Yard, source: string, part: string): Program[] {
  const program = installed('pgcopydb');
  if (program === null) {
    desk.skip(`${part}, pgcopydb`, 'it is not installed (Debian: apt-get install pgcopydb)');
    return [];
  }
  const folder = join(desk.directory, 'pgcopydb');
  return [
    {
      name: 'pgcopydb clone',
      command: [
        'setsid',
        ...['-w', program, 'clone', '--source', source, '--target', yard.server.url(target), '--dir', folder],
        ...['--table-jobs', '2', '--index-jobs', '2'],
      ],
      variables: { PATH: `${yard.programs}:${process.env.PATH}` },
      async prepare() {
        rmSync(folder, { recursive: true, force: true });
        await yard.empty(target);
      },
    },
  ];
}
