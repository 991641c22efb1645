// Jobs: the list, one of them, its events and its log; cancel, retry, delete.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Problem } from '../../problem/problem.ts';
import { requesterOf } from '../auth.ts';
import { writingKinds } from '../endings.ts';
import { askCancel, deleteJob, endJob, listJobs, readEntry, readJob } from '../jobs.ts';
import { hasScope } from '../keys.ts';
import { content, shaped, uuid } from '../schema-parts.ts';
import {
  AcceptedSchema,
  JobSchema,
  JobStateSchema,
  type JobsQuery,
  JobsQuerySchema,
  JobsSchema,
  RetrySchema,
  type ServiceJob,
} from '../schemas.ts';
import type { Service } from '../service.ts';
import { addJob } from './accept.ts';

const named = Type.Object({ id: uuid('Of the job') });
const place = Type.Object(
  { after: Type.Optional(shaped('^\\d{1,15}$', 'the number of an event', 'As Last-Event-ID')) },
  { additionalProperties: false },
);
const finalStates: readonly string[] = ['done', 'failed', 'cancelled'];

/** GET /api/jobs, /api/jobs/{id}, …/log, …/events, /api/events; POST …/cancel, …/retry; DELETE. */
export function addJobRoutes(app: FastifyInstance, service: Service): void {
  const { store } = service;
  const listed = { querystring: JobsQuerySchema, response: { 200: JobsSchema } };
  app.get('/api/jobs', { config: { access: 'read' }, schema: listed }, (request) =>
    store.use((session) => listJobs(session, request.query as JobsQuery), 'request'),
  );
  const one = { params: named, response: { 200: JobSchema } };
  app.get('/api/jobs/:id', { config: { access: 'read' }, schema: one }, (request) => find(service, request));
  addEventRoutes(app, service);
  addActions(app, service);
}

function addEventRoutes(app: FastifyInstance, service: Service): void {
  const { events, streams } = service;
  const stream = { 200: content('text/event-stream', 'Events: state, progress, line, gap') };
  const streamed = { querystring: place, response: stream };
  const none = Type.Null({ description: 'The job is over, and there are no more events' });
  app.get('/api/events', { config: { access: 'read' }, schema: streamed }, (request, reply) =>
    streams.open(request, reply, null),
  );
  const ofJob = { ...streamed, params: named, response: { ...stream, 204: none } };
  app.get('/api/jobs/:id/events', { config: { access: 'read' }, schema: ofJob }, async (request, reply) =>
    streams.open(request, reply, await find(service, request)),
  );
  const lines = content('application/x-ndjson', 'One event of state or line on each line');
  const logged = { params: named, response: { 200: lines } };
  app.get('/api/jobs/:id/log', { config: { access: 'read' }, schema: logged }, async (request, reply) => {
    const { id } = await find(service, request);
    const all = await events.readLog(id);
    const text = all.map(({ seq, type, data }) => `${JSON.stringify({ id: seq, type, ...data })}\n`);
    return reply.type('application/x-ndjson; charset=utf-8').send(text.join(''));
  });
}

function addActions(app: FastifyInstance, service: Service): void {
  const cancelled = { params: named, response: { 202: Type.Object({ state: JobStateSchema }) } };
  app.post(
    '/api/jobs/:id/cancel',
    { config: { access: 'run' }, schema: cancelled },
    async (request, reply) => {
      const job = await find(service, request);
      requireScope(request, job);
      const by = requesterOf(request).name;
      return reply.status(202).send({ state: await cancelJob(service, job, by) });
    },
  );
  const retried = { params: named, body: RetrySchema, response: { 202: AcceptedSchema } };
  app.post('/api/jobs/:id/retry', { config: { access: 'run' }, schema: retried }, async (request, reply) => {
    const job = await find(service, request);
    requireScope(request, job);
    if (!finalStates.includes(job.state)) throw new Problem('job_running', { job: job.id, state: job.state });
    const { confirm: _, ...parameters } = job.parameters;
    const agreement = request.body as Record<string, unknown>;
    const again = { kind: job.kind, parameters: { ...parameters, ...agreement }, retryOf: job.id };
    return addJob(service, request, reply, again);
  });
  const deleted = { params: named, response: { 204: Type.Null() } };
  app.delete(
    '/api/jobs/:id',
    { config: { access: 'admin' }, schema: deleted },
    async (request, reply): Promise<FastifyReply> => {
      const job = await find(service, request);
      if (!(await service.store.use((session) => deleteJob(session, job.id), 'request')))
        throw new Problem('job_running', { job: job.id, state: job.state });
      return reply.status(204).send();
    },
  );
}

async function find({ store }: Service, request: FastifyRequest): Promise<ServiceJob> {
  const { id } = request.params as { id: string };
  const job = await store.use((session) => readJob(session, id), 'request');
  if (job === null) throw new Problem('unknown_job', { job: id });
  return job;
}

function requireScope(request: FastifyRequest, { kind }: ServiceJob): void {
  const requester = requesterOf(request);
  if (!writingKinds.has(kind) || hasScope(requester, 'write')) return;
  throw new Problem('forbidden', { reason: `a job of kind ${kind} needs the scope write` });
}

async function cancelJob(
  service: Service,
  { id, kind }: ServiceJob,
  by: string,
): Promise<ServiceJob['state']> {
  const { events, queue } = service;
  const state = await events.change(async (session, note): Promise<ServiceJob['state']> => {
    const before = await askCancel(session, id);
    if (before === null || finalStates.includes(before))
      throw new Problem('job_over', { job: id, state: before ?? 'deleted' });
    if (before === 'running') await note(id, 'state', { state: 'cancelling', by });
    if (before !== 'waiting') return 'cancelling';
    const entry = await readEntry(session, id);
    const target = writingKinds.has(kind) ? 'unchanged' : null;
    await endJob(session, id, null, { state: 'cancelled', target });
    if (entry !== null) await queue.cancel(session, entry);
    await note(id, 'state', { state: 'cancelled', target, by });
    return 'cancelled';
  }, 'request');
  service.wake();
  return state;
}
