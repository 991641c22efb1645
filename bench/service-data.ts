// Exports and imports by the service against the command line, and the memory of exports by their size.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceJob } from '../lib/service/schemas.ts';
import { type RunningService, startService } from '../test/service/scene.ts';
import { backupProgram } from './backups.ts';
import { type Bulk, bulks, inYard, type Yard } from './bulk.ts';
import { highWater, type Measured, once, type Program } from './measure.ts';
import { against, type Desk, type Part } from './parts.ts';
import type { Line, Ratio } from './table.ts';

const target = 'service_target';
const formats = ['native', 'plain'] as const;
const [tenMinutes, mostMemory] = [600_000, 200 * 2 ** 20];

/** An export and an import of a generated database with indexes, in both ways. */
export const serviceData =
  (gigabytes: number): Part =>
  async (desk) => [
    ...(await inYard(desk, 'service-data', async (yard) => {
      const source = await yard.database(bulks[1] as Bulk, gigabytes);
      return withService(desk, { source, target: yard.server.url(target) }, async (service) => {
        const lines: Line[] = [];
        for (const format of formats) {
          const name = `${format}, ${gigabytes} GB ${yard.server.major}`;
          lines.push(...(await exported(desk, { service, source, format }, `export ${name}`)));
          lines.push(...(await imported(desk, yard, service, `import ${name}`)));
        }
        return lines;
      });
    })),
  ];

/** Exports of a tenth and of the whole, once: the memory of the job does not grow. */
export const serviceExport =
  (gigabytes: number): Part =>
  async (desk) => [
    ...(await inYard(desk, 'service-export', async (yard) => {
      const lines: Line[] = [];
      for (const size of [gigabytes / 10, gigabytes]) {
        const source = await yard.database(bulks[0] as Bulk, size);
        await withService(desk, { source }, async (service) => {
          for (const format of formats) {
            const part = `export of ${size} GB ${yard.server.major}`;
            const measured = await run(service, 'export', { database: 'source', format });
            const bytes = sumFiles(join(desk.directory, 'served'));
            const name = `service, ${format}: ${(bytes / 2 ** 30).toFixed(2)} GB written`;
            const memory: Ratio = {
              values: [(measured.peak ?? 0) / mostMemory],
              promise: '< 200 MB',
              kept: (value) => value < 1,
            };
            lines.push({ part, measured: { ...measured, name }, ratio: memory });
            emptyFolder(join(desk.directory, 'served'));
          }
        });
      }
      return lines;
    })),
  ];

interface Way {
  readonly service: RunningService;
  readonly source: string;
  readonly format: (typeof formats)[number];
}

async function withService<T>(
  desk: Desk,
  environments: Readonly<Record<string, string>>,
  use: (service: RunningService) => Promise<T>,
): Promise<T> {
  const folder = join(desk.directory, 'served');
  mkdirSync(folder, { recursive: true });
  const service = await startService({ environments, variables: { DUMP_DIRECTORY: folder } });
  try {
    return await use(service);
  } finally {
    await service.remove();
  }
}

async function exported(desk: Desk, { service, source, format }: Way, part: string): Promise<Line[]> {
  const folder = join(desk.directory, 'typed');
  const { command, ...program } = backupProgram(desk, format, source, folder);
  const typed: Program = { ...program, command: [...command, '--engine', 'native'] };
  const body = { database: 'source', format };
  const [theirs, ours] = await inTurn(
    desk.rounds,
    () => once(typed),
    async () => {
      emptyFolder(join(desk.directory, 'served'));
      return run(service, 'export', body);
    },
  );
  return linesOf(part, theirs, ours);
}

// The file is that of the last export.
async function imported(desk: Desk, yard: Yard, service: RunningService, part: string): Promise<Line[]> {
  const file = readdirSync(join(desk.directory, 'served')).find((name) => !name.endsWith('.json')) ?? '';
  const typed: Program = {
    name: 'db:restore',
    command: [
      process.execPath,
      desk.pgmage,
      ...['db:restore', file, '--dir', join(desk.directory, 'served'), '--to', 'local', '--yes', '--force'],
    ],
    cwd: desk.directory,
    variables: { DATABASE_URL: yard.server.url(target) },
    prepare: () => yard.empty(target).then(() => undefined),
  };
  const [theirs, ours] = await inTurn(
    desk.rounds,
    () => once(typed),
    async () => {
      await yard.empty(target);
      return run(service, 'import', { file, to: 'target', force: true, confirm: 'target' });
    },
  );
  return linesOf(part, theirs, ours);
}

// Another one goes first each time.
async function inTurn(
  rounds: number,
  first: () => Promise<Measured>,
  second: () => Promise<Measured>,
): Promise<[Measured, Measured]> {
  const found: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < rounds; round++)
    for (const at of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
      found[at].push((await [first, second][at]?.()) as Measured);
  return found.map(together) as [Measured, Measured];
}

function together(runs: readonly Measured[]): Measured {
  const peaks = runs.flatMap(({ peak }) => peak ?? []);
  return {
    name: runs[0]?.name ?? '',
    times: runs.flatMap(({ times }) => times),
    peak: peaks.length > 0 ? Math.max(...peaks) : null,
  };
}

/** Runs a job. The time is that of its request to its last state, the memory that of its process. */
async function run(service: RunningService, kind: string, body: object): Promise<Measured> {
  let peak = 0;
  const timer = setInterval(() => {
    for (const pid of service.jobProcesses()) peak = Math.max(peak, highWater(pid) ?? 0);
  }, 20);
  const start = performance.now();
  const id = await service.add(kind, body);
  // Ends with the job.
  await service.events(`/api/jobs/${id}/events`, null);
  const time = performance.now() - start;
  clearInterval(timer);
  const job: ServiceJob = await service.job(id);
  if (job.state !== 'done') throw new Error(`${kind} is ${job.state}: ${JSON.stringify(job.problem)}`);
  return { name: `service: ${kind}`, times: [time], peak };
}

function linesOf(part: string, theirs: Measured, ours: Measured): Line[] {
  const inTime: Ratio = {
    values: ours.times.map((time) => time / tenMinutes),
    promise: '< 10 minutes',
    kept: (value) => value < 1,
  };
  return [
    { part, measured: theirs },
    { part, measured: ours, ratio: against(1.2, theirs.name, ours, theirs) },
    { part, measured: ours, ratio: inTime },
  ];
}

function sumFiles(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function emptyFolder(folder: string): void {
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
}
