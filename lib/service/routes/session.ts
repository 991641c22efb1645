// Login and logout of the page, and the keys.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Problem } from '../../problem/problem.ts';
import { countAttempts } from '../attempts.ts';
import { cookieName, readCookie } from '../auth.ts';
import { shaped } from '../schema-parts.ts';
import { KeysSchema, LoginSchema, type SessionInfo, SessionSchema } from '../schemas.ts';
import type { Service } from '../service.ts';
import type { PageSession } from '../sessions.ts';

/** POST, GET and DELETE /api/session. */
export function addSessionRoutes(app: FastifyInstance, service: Service): void {
  const { keys, sessions, world } = service;
  const attempts = countAttempts(() => world.now());
  const login = { body: LoginSchema, response: { 200: SessionSchema } };
  app.post('/api/session', { config: { access: 'login' }, schema: login }, async (request, reply) => {
    const found = await keys.find((request.body as { key: string }).key);
    if (found === null) {
      const seconds = attempts.fail(request.ip);
      if (seconds > 0) throw new Problem('too_many_requests', { seconds });
      throw new Problem('unauthorized', { reason: 'the key is wrong, expired or revoked' });
    }
    const { id, ...requester } = found;
    const session = sessions.open(id, requester);
    const age = Math.floor((session.expiresAt.getTime() - world.now().getTime()) / 1000);
    reply.header('Set-Cookie', cookie(request, session.id, age));
    return describe(session);
  });
  const current = { response: { 200: SessionSchema } };
  app.get('/api/session', { config: { access: 'read' }, schema: current }, async (request) => {
    if (request.pageSession === null)
      throw new Problem('unauthorized', { reason: 'the request has no session' });
    return describe(request.pageSession);
  });
  const ended = { response: { 204: Type.Null() } };
  app.delete('/api/session', { config: { access: 'login' }, schema: ended }, async (request, reply) => {
    const id = readCookie(request);
    if (id !== null) sessions.end(id);
    return reply
      .status(204)
      .header('Set-Cookie', cookie(request, '', 0))
      .send();
  });
}

/** GET /api/keys, DELETE /api/keys/{id}. */
export function addKeyRoutes(app: FastifyInstance, { keys }: Service): void {
  const listed = { response: { 200: KeysSchema } };
  app.get('/api/keys', { config: { access: 'admin' }, schema: listed }, () => keys.list());
  const revoked = {
    params: Type.Object({
      id: shaped('^[0-9a-f]{8}$', 'the id of a key: 8 characters, each 0 to 9 or a to f'),
    }),
    response: { 204: Type.Null() },
  };
  app.delete('/api/keys/:id', { config: { access: 'admin' }, schema: revoked }, async (request, reply) => {
    const { id } = request.params as { id: string };
    if (!(await keys.revoke(id))) throw new Problem('unknown_key', { key: id });
    return reply.status(204).send();
  });
}

function describe({ csrf, requester, expiresAt }: PageSession): SessionInfo {
  const { name, scopes } = requester;
  return { csrf, key: name, scopes: [...scopes], expiresAt: expiresAt.toISOString() };
}

// On loopback there is no TLS, and so no Secure.
function cookie({ headers }: FastifyRequest, value: string, seconds: number): string {
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
  const secure = isLoopback ? '' : '; Secure';
  return `${cookieName}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${secure}`;
}
