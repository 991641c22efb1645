// The environments: what they are, whether they answer, and how far each is from the wanted schema.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { requesterOf } from '../auth.ts';
import { environment } from '../schema-parts.ts';
import {
  AcceptedSchema,
  ChangesPictureSchema,
  DatabasesSchema,
  DifferenceSchema,
  DocumentsSchema,
  TestRequestSchema,
  type TestResult,
  TestSchema,
} from '../schemas.ts';
import type { Service } from '../service.ts';
import { addJob } from './accept.ts';

const named = Type.Object({ name: environment('The environment') });

// Works on a database that a request waits for.
const waited = [
  ['status', 'status', Type.Unknown()],
  ['diff', 'diff', DifferenceSchema],
  ['diff/picture', 'picture', ChangesPictureSchema],
] as const;

/**
 * GET /api/databases, …/{name}/status, …/{name}/diff, …/{name}/diff/picture, …/{name}/documents; POST
 * /api/databases/test, …/{name}/drift.
 */
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
  for (const [path, does, answer] of waited) {
    const schema = { params: named, response: { 200: answer } };
    app.get(`/api/databases/:name/${path}`, { config: { access: 'read' }, schema }, async (request) => {
      const { name: database } = request.params as { name: string };
      await service.world.environment(database);
      const requestedBy = requesterOf(request).name;
      return planner.run({ does, kind: 'drift', parameters: { database }, requestedBy });
    });
  }
  const documents = { params: named, response: { 200: DocumentsSchema } };
  app.get(
    '/api/databases/:name/documents',
    { config: { access: 'read' }, schema: documents },
    async (request, reply) => {
      const { name: database } = request.params as { name: string };
      await service.world.environment(database);
      const text = await service.documents.read(database, requesterOf(request).name);
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
  const drift = { params: named, response: { 202: AcceptedSchema } };
  app.post('/api/databases/:name/drift', { config: { access: 'run' }, schema: drift }, (request, reply) => {
    const { name: database } = request.params as { name: string };
    return addJob(service, request, reply, { kind: 'drift', parameters: { database } });
  });
}
