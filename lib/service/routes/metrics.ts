// GET /metrics: counts for Prometheus, read from the jobs when they are asked for.
import { stat } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { Gauge, Registry } from 'prom-client';
import { findBackups } from '../../backup/find.ts';
import { isOverdue } from '../schedules.ts';
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
  const schema = { produces: ['text/plain'] };
  app.get('/metrics', { config: { access: 'read' }, schema }, async (_, reply) => {
    const registry = await measure(service);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

async function measure(service: Service): Promise<Registry> {
  const registers = [new Registry()] as const;
  const gauge = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Gauge({ name: `pgmage_${name}`, help, labelNames, registers: [...registers] });
  const jobs = gauge('jobs', 'Jobs by kind and state, of those that are kept', ['kind', 'state']);
  const success = gauge('last_success_timestamp', 'When the last job of its kind was done, seconds', [
    'kind',
    'database',
  ]);
  const seconds = gauge('job_seconds', 'How long the last job of its kind that was done took', [
    'kind',
    'database',
  ]);
  const { store, project, settings, events } = service;
  for (const { kind, state, jobs: count } of await store.use((session) =>
    session.rows<Counted>(
      `select kind, state, pg_catalog.count(*)::int as jobs from service.jobs group by kind, state`,
    ),
  ))
    jobs.set({ kind, state }, count);
  for (const { kind, database, at, seconds: taken } of await store.use((session) =>
    session.rows<Succeeded>(
      `select distinct on (kind, 2) kind, coalesce(write_name, read_name) as database,
         extract(epoch from ended_at)::float8 as at,
         extract(epoch from ended_at - started_at)::float8 as seconds
       from service.jobs where state = 'done' order by kind, 2, ended_at desc`,
    ),
  )) {
    const labels = { kind, database: database ?? '' };
    success.set(labels, at);
    seconds.set(labels, taken);
  }
  gauge('event_streams', 'Watchers of events').set(events.watchers());
  const overdue = gauge('schedule_overdue', '1: the schedule had no success in time', ['schedule']);
  for (const state of (await service.scheduler?.list()) ?? [])
    overdue.set({ schedule: state.name }, isOverdue(state, service.world.now()) ? 1 : 0);
  const folder = settings.backups === null ? {} : { dir: settings.backups };
  const sizes = (await findBackups(project, folder)).map(({ path }) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  gauge('storage_bytes', 'Bytes of the backups').set(bytes);
  return registers[0];
}
