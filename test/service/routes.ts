// Every route of the API: a test compares them with its OpenAPI document.

/** The id of a job that does not exist. */
export const job = '00000000-0000-0000-0000-000000000000';
/** A request that no job comes of. */
export const clone = { from: 'local', to: 'staging', force: true, confirm: 'staging' };

const schedule = ['pause', 'resume', 'run'];
/** Every route with the scope that it asks for, a body that it takes, and its status with all rights. */
export const routes: readonly (readonly [
  method: string,
  path: string,
  scope: string | null,
  body: unknown,
  status: number,
])[] = [
  ['GET', '/health', null, undefined, 200],
  ['GET', '/ready', null, undefined, 200],
  ['GET', '/api/openapi.json', 'read', undefined, 200],
  ['GET', '/api/settings', 'read', undefined, 200],
  ['GET', '/api/databases', 'read', undefined, 200],
  ['POST', '/api/databases/test', 'read', { name: 'local' }, 200],
  ['GET', '/api/databases/{name}/status', 'read', undefined, 404],
  ['GET', '/api/databases/{name}/diff', 'read', undefined, 404],
  ['GET', '/api/databases/{name}/diff/picture', 'read', undefined, 404],
  ['GET', '/api/databases/{name}/documents', 'read', undefined, 404],
  ['POST', '/api/databases/{name}/drift', 'run', undefined, 404],
  ['POST', '/api/sync/export', 'run', { database: 'nowhere' }, 404],
  [
    'POST',
    '/api/sync/import',
    'write',
    { file: 'none.dump', to: 'staging', force: true, confirm: 'staging' },
    404,
  ],
  ['POST', '/api/sync/clone', 'write', { ...clone, from: 'nowhere' }, 404],
  ['POST', '/api/sync/data', 'write', { ...clone, from: 'nowhere' }, 404],
  ['POST', '/api/plans', 'read', { kind: 'clone', from: 'nowhere', to: 'staging' }, 404],
  ['GET', '/api/jobs', 'read', undefined, 200],
  ['GET', '/api/jobs/{id}', 'read', undefined, 404],
  ['GET', '/api/jobs/{id}/log', 'read', undefined, 404],
  ['GET', '/api/jobs/{id}/events', 'read', undefined, 404],
  ['GET', '/api/events', 'read', undefined, 200],
  ['POST', '/api/jobs/{id}/cancel', 'run', undefined, 404],
  ['POST', '/api/jobs/{id}/retry', 'run', {}, 404],
  ['DELETE', '/api/jobs/{id}', 'admin', undefined, 404],
  ['GET', '/api/backups', 'read', undefined, 200],
  ['POST', '/api/backups', 'admin', undefined, 400],
  ['POST', '/api/backups/prune', 'admin', { keepDaily: -1 }, 400],
  ['GET', '/api/backups/{file}', 'read', undefined, 404],
  ['GET', '/api/backups/{file}/content', 'download', undefined, 404],
  ['POST', '/api/backups/{file}/verify', 'run', {}, 404],
  ['DELETE', '/api/backups/{file}', 'admin', undefined, 404],
  ['POST', '/api/session', null, { key: 'wrong' }, 401],
  ['GET', '/api/session', 'read', undefined, 401],
  ['DELETE', '/api/session', null, undefined, 204],
  ['GET', '/api/keys', 'admin', undefined, 200],
  ['DELETE', '/api/keys/{id}', 'admin', undefined, 404],
  ['GET', '/api/schedules', 'read', undefined, 200],
  ['GET', '/api/schedules/{name}', 'read', undefined, 404],
  ['PUT', '/api/schedules/{name}', 'admin', { task: 'prune', every: 'never' }, 400],
  ['DELETE', '/api/schedules/{name}', 'admin', undefined, 404],
  ...schedule.map((verb) => ['POST', `/api/schedules/{name}/${verb}`, 'admin', undefined, 404] as const),
  ['GET', '/metrics', 'read', undefined, 200],
];
/** All scopes. */
export const scopes = ['read', 'run', 'write', 'download', 'admin'] as const;
/** The path of a route, for things that do not exist. */
export const pathOf = (path: string) =>
  path
    .replace('{id}', path.startsWith('/api/keys') ? '00000000' : job)
    .replace('{file}', 'none.dump')
    .replace('{name}', 'nowhere');
