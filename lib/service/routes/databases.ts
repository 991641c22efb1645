// The environments: what they are, whether they answer, and how far each is from the wanted schema.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { requesterOf } from '../auth.ts';
import { environment } from '../schema-parts.ts';
import {
  AcceptedSchema,
  DatabasesSchema,
  DifferenceSchema,
  TestRequestSchema,
  type TestResult,
  TestSchema,
} from '../schemas.ts';
import type { Service } from '../service.ts';
import { addJob } from './accept.ts';

const named = Type.Object({ name: environment('The environment') });

/** GET /api/databases, …/{name}/status, …/{name}/diff; POST /api/databases/test, …/{name}/drift. */
export function addDatabaseRoutes(app: FastifyInstance, service: Service): void {
  const { databases, planner } = service;
  const listed = { response: { 200: DatabasesSchema } };
  app.get('/api/databases', { config: { access: 'read' }, schema: listed }, () => databases.list());
  const tested = { body: TestRequestSchema, response: { 200: TestSchema } };
  app.post(
    '/api/databases/test',
    { config: { access: 'read' }, schema: tested },
    (request): Promise<TestResult> => databases.test((request.body as { name: string }).name),
  );
  const status = { params: named, response: { 200: Type.Unknown() } };
  app.get('/api/databases/:name/status', { config: { access: 'read' }, schema: status }, async (request) => {
    const { name: database } = request.params as { name: string };
    await service.world.environment(database);
    const requestedBy = requesterOf(request).name;
    return planner.run({ does: 'status', kind: 'drift', parameters: { database }, requestedBy });
  });
  const diff = { params: named, response: { 200: DifferenceSchema } };
  app.get('/api/databases/:name/diff', { config: { access: 'read' }, schema: diff }, async (request) => {
    const { name: database } = request.params as { name: string };
    await service.world.environment(database);
    const requestedBy = requesterOf(request).name;
    return planner.run({ does: 'diff', kind: 'drift', parameters: { database }, requestedBy });
  });
  const drift = { params: named, response: { 202: AcceptedSchema } };
  app.post('/api/databases/:name/drift', { config: { access: 'run' }, schema: drift }, (request, reply) => {
    const { name: database } = request.params as { name: string };
    return addJob(service, request, reply, { kind: 'drift', parameters: { database } });
  });
}
