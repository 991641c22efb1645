// The failures that the description of the API names: of every route of a kind, and of some alone.
import type { FastifyInstance, RouteOptions } from 'fastify';
import { FailureSchema } from './schemas.ts';

const ofJob = [404, 409];
// Besides 400, 401, 403 and 429, by method and path.
const own: Readonly<Record<string, readonly number[]>> = {
  'POST /api/databases/test': [404],
  'GET /api/databases/:name/status': [404],
  'GET /api/databases/:name/diff': [404],
  'GET /api/databases/:name/diff/picture': [404],
  'GET /api/databases/:name/documents': [404],
  'POST /api/databases/:name/drift': [404],
  'POST /api/sync/export': [404],
  'POST /api/sync/import': [404, 409],
  'POST /api/sync/clone': [404, 409],
  'POST /api/sync/data': [404, 409],
  'POST /api/plans': [404],
  'GET /api/jobs/:id': [404],
  'GET /api/jobs/:id/events': [404],
  'GET /api/jobs/:id/log': [404],
  'POST /api/jobs/:id/cancel': ofJob,
  'POST /api/jobs/:id/retry': ofJob,
  'DELETE /api/jobs/:id': ofJob,
  'GET /api/backups/:file': [404],
  'GET /api/backups/:file/content': [404],
  'POST /api/backups/:file/verify': [404],
  'DELETE /api/backups/:file': [404, 409],
  'DELETE /api/keys/:id': [404],
  'GET /api/schedules/:name': [404],
  'DELETE /api/schedules/:name': [404],
  'POST /api/schedules/:name/pause': [404],
  'POST /api/schedules/:name/resume': [404],
  'POST /api/schedules/:name/run': [404],
};

/** Adds the failures of each route to its description, and `default` for what any may answer. */
export function describeFailures(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const described = (route.schema?.response ?? {}) as Readonly<Record<string, unknown>>;
    const failures = listFailures(route).map((status) => [status, FailureSchema]);
    const response = { ...Object.fromEntries(failures), ...described, default: FailureSchema };
    // The document asks for a key where a route does not say otherwise.
    const isOpen = ['open', 'login'].includes(route.config?.access ?? 'open');
    route.schema = { ...route.schema, response, ...(isOpen && { security: [] }) };
  });
}

function listFailures({ method, url, schema, config }: RouteOptions): readonly number[] {
  const access = config?.access ?? 'open';
  if (access === 'open') return [];
  const hasInput = [schema?.body, schema?.params, schema?.querystring].some((part) => part !== undefined);
  const isGuarded = access !== 'login' || method === 'POST';
  return [
    ...(hasInput ? [400] : []),
    ...(isGuarded ? [401, 429] : []),
    403,
    ...(own[`${String(method)} ${url}`] ?? []),
  ];
}
