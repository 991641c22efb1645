// Schedules: the list, one of them, its definition; pause, resume, run now, delete.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Problem } from '../../problem/problem.ts';
import { requesterOf } from '../auth.ts';
import { findChanged } from '../endings.ts';
import { startSeconds } from '../fault.ts';
import type { ScheduleState } from '../schedules.ts';
import { checkSchedule, describeSchedule } from '../schedules.ts';
import { environment } from '../schema-parts.ts';
import {
  AcceptedSchema,
  PutScheduleSchema,
  type Schedule,
  type ScheduleDefinition,
  ScheduleSchema,
  SchedulesSchema,
} from '../schemas.ts';
import type { Service } from '../service.ts';

const named = Type.Object({ name: environment('Of the schedule') });
const nameOf = (request: FastifyRequest) => (request.params as { name: string }).name;

/** GET /api/schedules, …/{name}; PUT, DELETE …/{name}; POST …/{name}/pause, /resume, /run. */
export function addScheduleRoutes(app: FastifyInstance, service: Service): void {
  const { world } = service;
  const show = (state: ScheduleState): Schedule => describeSchedule(state, world.now());
  const listed = { response: { 200: SchedulesSchema } };
  app.get('/api/schedules', { config: { access: 'read' }, schema: listed }, async () =>
    (await schedulerOf(service).list('request')).map(show),
  );
  const one = { params: named, response: { 200: ScheduleSchema } };
  app.get('/api/schedules/:name', { config: { access: 'read' }, schema: one }, async (request) =>
    show(await schedulerOf(service).find(nameOf(request), 'request')),
  );
  const admin = { access: 'admin' } as const;
  const put = { ...one, body: PutScheduleSchema };
  app.put('/api/schedules/:name', { config: admin, schema: put }, async (request) => {
    const name = nameOf(request);
    const { confirm, ...given } = request.body as { readonly confirm?: string };
    const definition = checkSchedule(name, given);
    refuseTarget(request, definition);
    const replaced = (await schedulerOf(service).list('request')).find((one) => one.name === name);
    if (replaced !== undefined) refuseTarget(request, replaced.definition);
    await refuseUnconfirmed(service, definition, confirm);
    await define(service, name, definition);
    return show(await schedulerOf(service).find(name, 'request'));
  });
  addScheduleActions(app, service, show);
}

function addScheduleActions(
  app: FastifyInstance,
  service: Service,
  show: (state: ScheduleState) => Schedule,
): void {
  const admin = { access: 'admin' } as const;
  const one = { params: named, response: { 200: ScheduleSchema } };
  const deleted = { params: named, response: { 204: Type.Null() } };
  app.delete('/api/schedules/:name', { config: admin, schema: deleted }, async (request, reply) => {
    const schedule = await schedulerOf(service).find(nameOf(request), 'request');
    refuseTarget(request, schedule.definition);
    await remove(service, schedule);
    return reply.status(204).send();
  });
  for (const [verb, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const)
    app.post(`/api/schedules/:name/${verb}`, { config: admin, schema: one }, async (request) => {
      const name = nameOf(request);
      refuseTarget(request, (await schedulerOf(service).find(name, 'request')).definition);
      await setPaused(service, name, paused);
      return show(await schedulerOf(service).find(name, 'request'));
    });
  const run = { params: named, response: { 202: AcceptedSchema } };
  app.post('/api/schedules/:name/run', { config: admin, schema: run }, async (request, reply) => {
    const name = nameOf(request);
    refuseTarget(request, (await schedulerOf(service).find(name, 'request')).definition);
    const id = await schedulerOf(service).runNow(name);
    const path = `/api/jobs/${id}`;
    const links = { job: path, events: `${path}/events`, log: `${path}/log` };
    return reply.status(202).header('Location', path).send({ id, state: 'waiting', links });
  });
}

// A schedule has all rights, so the key that sets it up needs the right to its target.
function refuseTarget(request: FastifyRequest, definition: ScheduleDefinition): void {
  const { name, to } = requesterOf(request);
  const changed = changedBy(definition);
  if (changed === undefined || to === null || to.includes(changed)) return;
  throw new Problem('forbidden', { reason: `the key ${name} may not write to ${changed}` });
}

// The schedule names the server of its drills.
const changedBy = (definition: ScheduleDefinition) =>
  findChanged(definition.task, {
    ...definition,
    ...(definition.task === 'verify' && { on: definition.on ?? definition.database }),
  });

// Its jobs show no plan, so the name of a protected target is typed when the schedule is set up.
async function refuseUnconfirmed(
  { world, settings }: Service,
  definition: ScheduleDefinition,
  confirm: string | undefined,
): Promise<void> {
  const changed = changedBy(definition);
  if (changed === undefined) return;
  const { name, protected: isProtected } = await world.environment(changed);
  const isConfirmed = confirm === name || !('to' in definition);
  const isAllowed = settings.allowTargets.includes(name);
  if (isProtected && !(isAllowed && isConfirmed))
    throw new Problem('protected_target', {
      environment: name,
      lacks: isAllowed ? 'confirm' : 'allowTargets',
    });
}

function schedulerOf({ scheduler }: Service) {
  if (scheduler === null) throw new Problem('service_starting', { seconds: startSeconds });
  return scheduler;
}

// A name of the configuration has no definition in its row, and so is not changed here.
async function define({ store }: Service, name: string, definition: object): Promise<void> {
  const sql = `insert into service.schedules (name, definition) values ($1, $2::jsonb)
    on conflict (name) do update set definition = excluded.definition, last_problem = null
      where service.schedules.definition is not null returning name`;
  const row = [name, JSON.stringify(definition)];
  const rows = await store.change((session) => session.rows(sql, row), 'request');
  if (rows.length === 0) throw configured(name);
}

async function remove(service: Service, { name, source }: ScheduleState): Promise<void> {
  if (source === 'configuration') throw configured(name);
  const sql = 'delete from service.schedules where name = $1 and definition is not null';
  await service.store.use((session) => session.rows(sql, [name]), 'request');
}

const configured = (name: string) =>
  new Problem('forbidden', {
    reason: `the configuration defines the schedule ${name}`,
    way: 'Change it in the configuration, or pause it here.',
  });

// A job that a pause has missed is not made up for.
const setPaused = ({ store }: Service, name: string, paused: boolean) =>
  store.use(
    (session) =>
      session.rows(
        `update service.schedules set paused = $2,
           since = case when $2 then since else pg_catalog.now() end
         where name = $1 and paused <> $2`,
        [name, paused],
      ),
    'request',
  );
