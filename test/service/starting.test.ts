// The routes of schedules while the service starts: each says so, and when to ask again.
import Fastify, { type FastifyError } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemOf, sendProblem } from '../../lib/service/fault.ts';
import { addScheduleRoutes } from '../../lib/service/routes/schedules.ts';
import type { Service } from '../../lib/service/service.ts';
import { routes } from './routes.ts';

const app = Fastify();

beforeAll(async () => {
  const service = {
    scheduler: null,
    settings: { allowTargets: [] },
    world: {
      now: () => new Date(0),
      environment: async (name: string) => ({ name, url: '', protected: false }),
    },
  };
  app.setErrorHandler(async (thrown: FastifyError, _, reply) => sendProblem(reply, problemOf(thrown)));
  app.addHook('onRequest', async (request) => {
    request.requester = { name: 'admin', to: null } as typeof request.requester;
  });
  addScheduleRoutes(app, service as unknown as Service);
  await app.ready();
});
afterAll(() => app.close());

const own = routes.filter(([, path]) => path.startsWith('/api/schedules'));

const definition = { task: 'prune', every: '0 4 * * 1', keepDaily: 7 };

test.each(own)('%s %s', async (method, path) => {
  const url = path.replace('{name}', 'nightly');
  const answer = await app.inject({
    method: method as 'GET',
    url,
    ...(method === 'PUT' && { payload: definition }),
  });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
  expect(answer.json().problem).toMatchObject({
    code: 'service_starting',
    message: 'The service is starting',
    hint: 'Ask again in 1 s. GET /ready answers 200 when it has started.',
  });
});
