// The methods that each declared path takes, for the answer to a request by another one.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.ts';
import { unknownRoute } from './fault.ts';

/** Makes the answer to a request that no route takes: `method_not_allowed` (RFC 9110) or `unknown_route`. */
export type RefuseRequest = (request: FastifyRequest) => Problem;

/** Notes the routes that are declared from now on. */
export function noteMethods(app: FastifyInstance): RefuseRequest {
  const routes: { readonly method: string; readonly pattern: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, pattern: patternOf(url) });
  });
  return (request) => {
    const { method } = request;
    const path = request.url.replace(/[?#].*$/, '');
    const found = routes.filter(({ pattern }) => pattern.test(path)).map((route) => route.method);
    const allowed = [...new Set(found)].sort();
    if (allowed.length === 0 || allowed.includes(method)) return unknownRoute(request);
    return new Problem('method_not_allowed', { method, path: path.slice(0, 200), allowed });
  };
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}
