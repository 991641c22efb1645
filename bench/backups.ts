// db:backup and db:restore against pg_dump and pg_restore.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bulks, inYard, programIn, type Yard } from './bulk.ts';
import { type Measured, once, type Program, race } from './measure.ts';
import { against, type Desk, type Part } from './parts.ts';
import type { Line } from './table.ts';

const target = 'restore_target';

/** `db:backup` and `db:restore` in each format, of a generated database with indexes. */
export const backups =
  (gigabytes: number): Part =>
  async (desk) => [
    ...(await inYard(desk, 'backup', async (yard) => {
      const source = await yard.database(bulks[1] as (typeof bulks)[number], gigabytes);
      const name = `${bulks[1]?.what}, ${gigabytes} GB ${yard.server.major}`;
      return [
        ...(await backedUp(desk, yard, source, `backup ${name}`)),
        ...(await restored(desk, yard, source, `restore ${name}`)),
      ];
    })),
  ];

const formats = ['native', 'custom', 'directory'] as const;

/** `db:backup` in a format into a folder, which is emptied before. */
export function backupProgram(desk: Desk, format: string, source: string, folder: string): Program {
  return {
    name: `db:backup --format ${format}`,
    command: [process.execPath, desk.pgmage, 'db:backup', '--dir', folder, '--format', format],
    cwd: desk.directory,
    variables: { DATABASE_URL: source },
    async prepare() {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    },
  };
}

async function backedUp(desk: Desk, yard: Yard, source: string, part: string): Promise<Line[]> {
  const into = (name: string) => join(desk.directory, name);
  const dump = (name: string, ...words: string[]): Program => ({
    name: `pg_dump ${words.join(' ')}`,
    command: [programIn(yard, 'pg_dump'), ...words, '-f', into(name), '-d', source],
    prepare: async () => rmSync(into(name), { recursive: true, force: true }),
  });
  const programs = [
    dump('custom', '-Fc'),
    dump('directory', '-Fd', '-j2'),
    ...formats.map((format) => backupProgram(desk, format, source, into(`backup-${format}`))),
  ];
  return linesOf(part, 'pg_dump -Fc', await race(programs, desk.rounds, true));
}

async function restored(desk: Desk, yard: Yard, source: string, part: string): Promise<Line[]> {
  const files: Program[] = [];
  for (const format of formats) {
    const folder = join(desk.directory, `kept-${format}`);
    await once(backupProgram(desk, format, source, folder));
    const file = readdirSync(folder).find((name) => !/\.json$/.test(name)) ?? '';
    const words = ['db:restore', file, '--dir', folder, '--to', 'local'];
    files.push({
      name: `db:restore of ${format}`,
      command: [process.execPath, desk.pgmage, ...words, '--yes', '--force'],
      cwd: desk.directory,
      variables: { DATABASE_URL: yard.server.url(target) },
    });
  }
  const [custom, directory] = [join(desk.directory, 'custom.dump'), join(desk.directory, 'directory.dump')];
  const theirs = (file: string, ...words: string[]): Program => ({
    name: `pg_restore ${words.join(' ')}`,
    command: [programIn(yard, 'pg_restore'), ...words, '-d', yard.server.url(target), file],
  });
  const dumping = (file: string, ...words: string[]): Program => ({
    name: 'pg_dump',
    command: [programIn(yard, 'pg_dump'), ...words, '-f', file, '-d', source],
  });
  await once(dumping(custom, '-Fc'));
  await once(dumping(directory, '-Fd', '-j2'));
  const programs = [theirs(custom, '-1', '-e'), theirs(directory, '-j2', '-e'), ...files].map((program) => ({
    ...program,
    prepare: () => yard.empty(target).then(() => undefined),
  }));
  return linesOf(part, 'pg_restore -1 -e', await race(programs, desk.rounds, true));
}

// Ours verify what they did, which theirs do not; so nothing is promised but what is seen.
function linesOf(part: string, what: string, measured: readonly Measured[]): Line[] {
  const [first] = measured as [Measured, ...Measured[]];
  return measured.map((one, at) =>
    at === 0
      ? { part, measured: one }
      : {
          part,
          measured: one,
          ratio: { ...against(1, what, one, first), promise: `× ${what}`, kept: () => true },
        },
  );
}
