// GET /metrics: counts for Prometheus, read from the jobs when they are asked for.
import type { FastifyInstance } from 'fastify';
import { Gauge, Registry } from 'prom-client';
import { isOverdue } from '../schedules.ts';
import { content } from '../schema-parts.ts';
import type { Service } from '../service.ts';

interface Counted {
  readonly kind: string;
  readonly state: string;
  readonly jobs: number;
}

interface Succeeded {
  readonly kind: string;
  readonly database: string | null;
  readonly at: number;
  readonly seconds: number;
}

/** GET /metrics, in the text format of Prometheus. */
export function addMetricsRoute(app: FastifyInstance, service: Service): void {
  const schema = { response: { 200: content('text/plain', 'In the text format of Prometheus') } };
  app.get('/metrics', { config: { access: 'read' }, schema }, async (_, reply) => {
    const registry = await measure(service);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

type Measure = <T extends string>(name: string, help: string, labels?: T[]) => Gauge<T>;

async function measure(service: Service): Promise<Registry> {
  const registry = new Registry();
  const gauge: Measure = (name, help, labelNames = []) =>
    new Gauge({ name: `pgmage_${name}`, help, labelNames, registers: [registry] });
  await measureJobs(service, gauge);
  gauge('event_streams', 'Watchers of events').set(service.events.watchers());
  const overdue = gauge('schedule_overdue', '1: the schedule had no success in time', ['schedule']);
  for (const state of (await service.scheduler?.list('request')) ?? [])
    overdue.set({ schedule: state.name }, isOverdue(state, service.world.now()) ? 1 : 0);
  const { bytes, limit } = await service.storage.read();
  gauge('storage_bytes', 'Bytes of the folder of backups').set(bytes);
  if (limit !== null) gauge('storage_limit_bytes', 'Bytes that it may take').set(limit);
  return registry;
}

async function measureJobs({ store }: Service, gauge: Measure): Promise<void> {
  const jobs = gauge('jobs', 'Jobs by kind and state, of those that are kept', ['kind', 'state']);
  const counts = `select kind, state, pg_catalog.count(*)::int as jobs
    from service.jobs group by kind, state`;
  const counted = await store.use((session) => session.rows<Counted>(counts), 'request');
  for (const { kind, state, jobs: count } of counted) jobs.set({ kind, state }, count);
  const labels = ['kind', 'database'];
  const success = gauge('last_success_timestamp', 'When the last job was done, seconds', labels);
  const seconds = gauge('job_seconds', 'How long the last job that was done took', labels);
  const newest = `select distinct on (kind, 2) kind, coalesce(write_name, read_name) as database,
      extract(epoch from ended_at)::float8 as at,
      extract(epoch from ended_at - started_at)::float8 as seconds
    from service.jobs where state = 'done' order by kind, 2, ended_at desc`;
  const succeeded = await store.use((session) => session.rows<Succeeded>(newest), 'request');
  for (const { kind, database, at, seconds: taken } of succeeded) {
    success.set({ kind, database: database ?? '' }, at);
    seconds.set({ kind, database: database ?? '' }, taken);
  }
}
