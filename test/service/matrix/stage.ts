// The place of a trial: a service, its workers, its queue and two databases, joined by lines that can be cut.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Jobs } from '../../../lib/service/schemas.ts';
import { type Database, freshDatabase } from '../../servers/databases.ts';
import { type Line, openLine, urlBy } from '../../servers/line.ts';
import { type OwnRedis, startRedis } from '../../servers/redis.ts';
import { type OwnServer, type Server, startServer } from '../../servers/server.ts';
import { type RunningService, type RunningWorker, startService, startWorker } from '../scene.ts';
import { digestOf, fillSource, resetTarget } from './content.ts';

/** The queues. */
export type QueueName = 'embedded' | 'postgres' | 'redis';

/** The choices of a stage. */
export interface StagePlan {
  readonly queue: QueueName;
  readonly servers: { readonly source: Server; readonly target: Server };
  /** Left out: two with Redis, one with PostgreSQL. */
  readonly workers?: number;
  /** Services besides the first one; left out: none. */
  readonly others?: number;
  /** The member `serve` of the configuration. */
  readonly serve?: object;
  /** Left out: a database of its own. */
  readonly target?: Database;
}

/** The lines: to the ends, and from the service and from the workers to the queue. */
export interface StageLines {
  readonly source: Line;
  readonly target: Line;
  readonly service: Line | null;
  readonly workers: Line | null;
  /** To the source, never open: a job of the environment `parked` stays where it is. */
  readonly parked: Line;
}

/** The place of a trial. */
export interface Stage {
  readonly queue: QueueName;
  readonly service: RunningService;
  readonly workers: readonly RunningWorker[];
  readonly others: readonly RunningService[];
  readonly servers: StagePlan['servers'] & { readonly queue: OwnServer | null };
  readonly redis: OwnRedis | null;
  readonly source: Database;
  readonly target: Database;
  readonly lines: StageLines;
  /** The folder of backups, of all programs. */
  readonly folder: string;
  /** A backup of the source, and a script without a manifest. */
  readonly files: { readonly backup: string; readonly script: string };
  /** The digest of the source. */
  readonly wanted: string;
  /** The jobs that trials have started. */
  readonly started: Set<string>;
  close(): Promise<void>;
}

type Closer = () => unknown;

/** Opens a stage. */
export async function openStage(plan: StagePlan): Promise<Stage> {
  const closers: Closer[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await build(plan, closers)), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function build(plan: StagePlan, closers: Closer[]): Promise<Omit<Stage, 'close'>> {
  const { queue } = plan;
  const { source, target } = await openEnds(plan, closers);
  const redis = queue === 'redis' ? await startRedis() : null;
  if (redis !== null) closers.push(() => redis.remove());
  const queueServer = queue === 'postgres' ? await startServer(plan.servers.source.major) : null;
  if (queueServer !== null) closers.push(() => queueServer.stop());
  const lines = await openLines(plan, redis?.port ?? queueServer?.port ?? null, closers);
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-backups-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const queueUrl = (line: Line | null): Record<string, string> => {
    if (line === null) return {};
    const url = redis === null ? urlBy(line, queueServer?.url() ?? '') : redis.urlAt(line.port);
    return { PGMAGE_QUEUE_URL: url };
  };
  const parked = new URL(urlBy(lines.parked, source.url));
  parked.searchParams.set('connect_timeout', '3600');
  const environments = {
    source: urlBy(lines.source, source.url),
    target: urlBy(lines.target, target.url),
    parked: parked.href,
  };
  const at = (line: Line | null, places: string) => ({
    ...{ environments, ...(plan.serve && { serve: plan.serve }) },
    variables: { ...queueUrl(line), DUMP_DIRECTORY: folder, PGMAGE_CONCURRENCY: places },
  });
  const places = { embedded: '2', postgres: '1', redis: '0' }[queue];
  const services = await startMany(1 + (plan.others ?? 0), closers, () =>
    startService(at(lines.service, places)),
  );
  const count = plan.workers ?? { embedded: 0, postgres: 1, redis: 2 }[queue];
  const workers = await startMany(count, closers, () => startWorker(at(lines.workers, '1')));
  const [service, ...others] = services as [RunningService, ...RunningService[]];
  return {
    ...{ queue, service, others, workers, redis, source, target, lines, folder },
    servers: { ...plan.servers, queue: queueServer },
    files: await makeFiles(service, folder),
    wanted: await digestOf(source),
    started: new Set(),
  };
}

async function startMany<T extends { remove(): Promise<void> }>(
  count: number,
  closers: Closer[],
  start: () => Promise<T>,
): Promise<T[]> {
  const made: T[] = [];
  closers.push(() => Promise.all(made.map((one) => one.remove())));
  while (made.length < count) made.push(await start());
  return made;
}

async function openEnds(
  { servers, target: given }: StagePlan,
  closers: Closer[],
): Promise<Pick<Stage, 'source' | 'target'>> {
  const source = await freshDatabase(servers.source);
  closers.push(() => source.drop());
  await fillSource(source);
  if (given !== undefined) return { source, target: given };
  const target = await freshDatabase(servers.target);
  closers.push(() => target.drop());
  await resetTarget(target);
  return { source, target };
}

async function openLines(
  { servers }: StagePlan,
  queuePort: number | null,
  closers: Closer[],
): Promise<StageLines> {
  const open = async (port: number) => {
    const line = await openLine(port);
    closers.push(() => line.close());
    return line;
  };
  const lines = {
    source: await open(servers.source.port),
    target: await open(servers.target.port),
    service: queuePort === null ? null : await open(queuePort),
    workers: queuePort === null ? null : await open(queuePort),
    parked: await open(servers.source.port),
  };
  lines.parked.freeze();
  return lines;
}

async function makeFiles(service: RunningService, folder: string): Promise<Stage['files']> {
  const make = async (format: string) => {
    const job = await service.run('export', { database: 'source', format, keep: true });
    if (job.state !== 'done') throw new Error(`no ${format} export: ${JSON.stringify(job)}`);
    return (job.result as { file: string }).file;
  };
  const plain = await make('plain');
  const script = `made${plain.slice(plain.indexOf('.'))}`;
  copyFileSync(join(folder, plain), join(folder, script));
  return { backup: await make('native'), script };
}

/** True if a server belongs to these trials alone, which may restart it. */
export const isOwnServer = (server: Server): server is OwnServer => 'restart' in server;

/** The processes of the jobs of these programs. */
export function processesOf(...programs: readonly (RunningService | RunningWorker | undefined)[]): number[] {
  return programs.flatMap((program) => {
    try {
      return program?.jobProcesses() ?? [];
    } catch {
      // It does not run.
      return [];
    }
  });
}

/** The program that has a job under way; undefined: none has. */
export const busyOf = ({ service, workers }: Pick<Stage, 'service' | 'workers'>) =>
  [...workers, service].find((program) => processesOf(program).length > 0);

/** Reads all jobs of a stage, and says which are not as they should be at the end. */
export async function auditJobs({ service, started }: Stage): Promise<string[]> {
  const found = new Map<string, string>();
  for (let before = ''; ; ) {
    const { jobs, next } = await service.ask<Jobs>('GET', `/api/jobs?limit=200${before}`);
    for (const { id, state } of jobs) found.set(id, state);
    if (next === null) break;
    before = `&before=${next}`;
  }
  return [...started]
    .filter((id) => !/^(done|failed|cancelled)$/.test(found.get(id) ?? ''))
    .map((id) => `the job ${id} is ${found.get(id) ?? 'not there any more'}`);
}
