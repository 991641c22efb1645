// Access: the host, the key or the session, and the right that each route asks for.
import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.ts';
import { countAttempts } from './attempts.ts';
import { hasScope, type Requester } from './keys.ts';
import type { KeyScope } from './schemas.ts';
import type { Service } from './service.ts';
import type { PageSession } from './sessions.ts';

/** The right that a route asks for; `open`: none, `login`: none, but a page of another site gets nothing. */
export type Access = KeyScope | 'open' | 'login';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** True if its body may take long to arrive. */
    isLongBody?: boolean;
  }
  interface FastifyRequest {
    requester: Requester | null;
    /** True once its key or session has the right that its route asks for. */
    isLetIn: boolean;
    pageSession: PageSession | null;
  }
}

/** The cookie of a session of the page. */
export const cookieName = 'pgmage_session';

/** Lets in requests that may come in, and notes whose they are. A route without `access` fails the start. */
export function guardRoutes(app: FastifyInstance, service: Service): void {
  const attempts = countAttempts(() => service.world.now());
  app.decorateRequest('requester', null);
  app.decorateRequest('pageSession', null);
  app.decorateRequest('isLetIn', false);
  app.addHook('onRoute', ({ config, url, method }) => {
    if (config?.access === undefined)
      throw new Problem('internal', { reason: `the route ${method} ${url} says nothing of access` });
  });
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access ?? 'open';
    if (request.url === '/health' || request.url === '/ready') return;
    refuseForeignHost(service, request);
    if (access === 'login') refuseForeignOrigin(request, false);
    if (access === 'open' || access === 'login') return;
    const requester = await identify(service, request);
    if (requester === null) {
      // A page without a session asks whether it has one: that is not an attempt.
      if (request.headers.authorization === undefined && readCookie(request) === null)
        throw new Problem('unauthorized', { reason: 'the request has no key and no session' });
      const seconds = attempts.fail(request.ip);
      if (seconds > 0) throw new Problem('too_many_requests', { seconds });
      throw new Problem('unauthorized', { reason: 'the request has no valid key and no session' });
    }
    request.requester = requester;
    if (!hasScope(requester, access))
      throw new Problem('forbidden', { reason: `the key ${requester.name} lacks the scope ${access}` });
    request.isLetIn = true;
  });
}

/** The holder of the key of a request that `guardRoutes` let in. */
export function requesterOf(request: FastifyRequest): Requester {
  if (request.requester === null) throw new Problem('unauthorized', { reason: 'the request has no key' });
  return request.requester;
}

async function identify({ keys, sessions }: Service, request: FastifyRequest): Promise<Requester | null> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [, key] = /^Bearer (\S{1,200})$/i.exec(authorization) ?? [];
    return key === undefined ? null : keys.find(key);
  }
  const id = readCookie(request);
  const session = id === null ? null : sessions.find(id);
  if (session === null) return null;
  if (!(await keys.isValid(session.keyId))) {
    sessions.end(session.id);
    return null;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuseForeignOrigin(request, true);
    refuseWrongToken(request, session);
  }
  request.pageSession = session;
  return session.requester;
}

/** The session's id in the cookie; null: there is none. */
export function readCookie({ headers }: FastifyRequest): string | null {
  const found = new RegExp(`(?:^|;\\s*)${cookieName}=([A-Za-z0-9_-]{1,100})`).exec(headers.cookie ?? '');
  return found?.[1] ?? null;
}

// A name that an attacker lets lead here has the attacker's host (DNS rebinding).
function refuseForeignHost({ settings }: Service, { headers, raw }: FastifyRequest): void {
  const name = nameOf(headers.host ?? '');
  // RFC 9112, section 3.2. Node takes the first one, and a proxy may take another.
  const hosts = raw.rawHeaders.filter((one, index) => index % 2 === 0 && /^host$/i.test(one));
  if (hosts.length > 1) throw new Problem('bad_request', { reason: 'it has several Host headers' });
  if (settings.hosts.includes(name)) return;
  throw new Problem('forbidden', {
    reason: `the host ${name.slice(0, 100)} is not in serve.hosts`,
    way: 'If your proxy has this name, add it to serve.hosts, and start pgmage serve again.',
  });
}

const nameOf = (host: string) => host.toLowerCase().replace(/:\d+$/, '');

function refuseForeignOrigin({ headers }: FastifyRequest, isNeeded: boolean): void {
  const { origin, host = '' } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined) {
    if (origin.replace(/^https?:\/\//i, '').toLowerCase() === host.toLowerCase()) return;
    throw new Problem('csrf', { reason: `its origin is ${origin.slice(0, 100)}` });
  }
  if (site === 'same-origin' || (site === undefined && !isNeeded)) return;
  throw new Problem('csrf', { reason: 'it has no Origin' });
}

function refuseWrongToken({ headers }: FastifyRequest, { csrf }: PageSession): void {
  const given = Buffer.from(String(headers['x-csrf-token'] ?? ''));
  const wanted = Buffer.from(csrf);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw new Problem('csrf', { reason: 'X-CSRF-Token is missing or wrong' });
}
