// The service under load: a thousand jobs that wait, two hundred watchers, and two clones at once.
import { get } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Jobs } from '../lib/service/schemas.ts';
import { query } from '../test/servers/server.ts';
import { adminKey, type RunningService, startService } from '../test/service/scene.ts';
import { type Bulk, bulks, inYard, type Yard } from './bulk.ts';
import { percentile, probeHealth } from './health-probe.ts';
import type { Part } from './parts.ts';
import { type TreeMemory, watchTree } from './process-tree.ts';
import type { Line, Ratio } from './table.ts';

const [jobs, watchers, targets] = [1_000, 200, ['first', 'second']];
const [mostMemory, mostHealth] = [2 ** 30, 50];
// Equal requests that wait are one job, so there are environments for them.
const names = Array.from({ length: jobs / 4 }, (_, at) => `small_${at}`);

/** Memory of the service with its jobs, and what `/health` takes meanwhile, on both kinds of queues. */
export const serviceLoad =
  (gigabytes: number): Part =>
  async (desk) => [
    ...(await inYard(desk, 'service-load', async (yard) => {
      const source = await yard.database(bulks[1] as Bulk, gigabytes);
      const lines: Line[] = [];
      for (const kind of ['embedded', 'postgres'] as const) {
        const size = `${jobs} jobs, ${watchers} watchers, 2 × ${gigabytes} GB`;
        const part = `service, ${kind} queue, ${size} ${desk.server.major}`;
        lines.push(...(await loaded(yard, { source, part, kind, queue: await yard.empty('queue') })));
      }
      return lines;
    })),
  ];

interface Load {
  readonly part: string;
  readonly source: string;
  readonly kind: 'embedded' | 'postgres';
  /** The database for the jobs of a shared queue. */
  readonly queue: string;
}

async function loaded(yard: Yard, { source, part, kind, queue }: Load): Promise<Line[]> {
  for (const name of targets) await yard.empty(name);
  const small = await yard.empty('small');
  await query(small, 'create table one (id int primary key)');
  const service = await startService({
    environments: {
      source,
      ...Object.fromEntries(targets.map((name) => [name, yard.server.url(name)])),
      ...Object.fromEntries(names.map((name) => [name, small])),
    },
    serve: { waiting: jobs },
    variables: kind === 'postgres' ? { PGMAGE_QUEUE_URL: queue } : {},
  });
  try {
    return linesOf(part, await measure(service));
  } finally {
    await service.remove();
  }
}

interface Found {
  readonly memory: TreeMemory;
  readonly health: readonly number[];
  /** Milliseconds that both clones took. */
  readonly clones: number;
  /** Events that all watchers got. */
  readonly events: number;
}

async function measure(service: RunningService): Promise<Found> {
  const start = performance.now();
  const ids: string[] = [];
  for (const to of targets)
    ids.push(await service.add('clone', { from: 'source', to, force: true, confirm: to }));
  const memory = watchTree(() => service.pid);
  const probe = probeHealth(`${service.url}/health`);
  const streams = Array.from({ length: watchers }, (_, at) => {
    const path = at % 2 === 0 ? '/api/events' : `/api/jobs/${ids[at % 4 === 1 ? 0 : 1]}/events`;
    return watch(service, path);
  });
  await Promise.all(names.map((database) => addFour(service, database)));
  const { jobs: waiting } = await service.ask<Jobs>('GET', '/api/jobs?state=waiting&limit=200');
  if (waiting.length < 200) throw new Error('the jobs do not wait');
  for (const id of ids) {
    const { state, problem } = await service.until(id, undefined, 1_800_000);
    if (state !== 'done') throw new Error(`a clone is ${state}: ${JSON.stringify(problem)}`);
  }
  const clones = performance.now() - start;
  // The first of the jobs that waited run, too.
  await setTimeout(10_000);
  const health = await probe.stop();
  for (const stream of streams) stream.end();
  const events = streams.reduce((sum, { count }) => sum + count(), 0);
  return { memory: memory.stop(), health, clones, events };
}

async function addFour(service: RunningService, database: string): Promise<void> {
  for (const format of ['native', 'plain'])
    for (const keep of [false, true]) await service.add('export', { database, format, keep });
}

function watch({ url }: RunningService, path: string): { count(): number; end(): void } {
  let count = 0;
  const request = get(`${url}${path}`, { headers: { Authorization: `Bearer ${adminKey}` }, agent: false });
  request.on('response', (answer) =>
    answer.setEncoding('utf8').on('data', (text: string) => {
      count += text.split('\nevent: ').length - 1;
    }),
  );
  request.on('error', () => undefined);
  return { count: () => count, end: () => request.destroy() };
}

function linesOf(part: string, { memory, health, clones, events }: Found): Line[] {
  const [middle, p99, worst] = [50, 99, 100].map((of) => Math.round(percentile(health, of))) as [
    number,
    number,
    number,
  ];
  const below = (promise: string, value: number): Ratio => ({
    values: [value],
    promise,
    kept: (one) => one < 1,
  });
  const rss = `${Math.round(memory.rss / 2 ** 20)} MB`;
  return [
    {
      part,
      measured: { name: `both clones; the watchers got ${events} events`, times: [clones], peak: null },
    },
    {
      part,
      measured: {
        name: `memory of ${memory.processes} processes: Pss (Rss: ${rss})`,
        times: [clones],
        peak: memory.pss,
      },
      ratio: below('< 1 GB', memory.pss / mostMemory),
    },
    {
      part,
      measured: {
        name: `/health: 99 of 100 (${health.length} requests; median ${middle} ms, worst ${worst} ms)`,
        times: [p99],
        peak: null,
      },
      ratio: below('< 50 ms', p99 / mostHealth),
    },
  ];
}
