// The HTTP server: routes, validation, access, headers and faults put together.
import swagger from '@fastify/swagger';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { Compile } from 'typebox/compile';
import { describeFailures } from './answers.ts';
import { guardRoutes } from './auth.ts';
import { bodyLimit, problemOf, sendProblem } from './fault.ts';
import { noteMethods } from './methods.ts';
import { addBackupRoutes } from './routes/backups.ts';
import { addDatabaseRoutes } from './routes/databases.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addJobRoutes } from './routes/jobs.ts';
import { addMetricsRoute } from './routes/metrics.ts';
import { addPage } from './routes/page.ts';
import { addScheduleRoutes } from './routes/schedules.ts';
import { addKeyRoutes, addSessionRoutes } from './routes/session.ts';
import { addSyncRoutes } from './routes/sync.ts';
import { addUploadRoutes } from './routes/uploads.ts';
import type { Service } from './service.ts';
import { describeFault } from './shape-faults.ts';

const headers = {
  'Content-Security-Policy': [
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:",
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Makes the server. It does not listen yet. */
export async function makeServer(service: Service): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit,
    // A proxy on this machine says whose the requests are.
    trustProxy: 'loopback',
    keepAliveTimeout: 10_000,
    // Milliseconds between two looks for connections whose head does not come.
    http: { connectionsCheckingInterval: 2_000 },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 300 },
    // A path that cannot be read, or with a parameter that is too long, meets no hook.
    frameworkErrors: (thrown, _, reply) => void sendProblem(reply.headers(headers), problemOf(thrown)),
  });
  app.server.headersTimeout = 10_000;
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(({ schema, httpPart }) => validator(schema as object, httpPart ?? 'body'));
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  answerFaults(app, service);
  app.addHook('onRequest', async (_, reply) => void reply.headers(headers));
  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/api')) reply.header('Cache-Control', 'no-store');
  });
  endSlowRequests(app);
  noteRequests(app, service);
  const refuse = noteMethods(app);
  await describeRoutes(app, service);
  describeFailures(app);
  guardRoutes(app, service);
  for (const add of routes) add(app, service);
  addPage(app, refuse);
  return app;
}

const routes = [
  addHealthRoutes,
  addDatabaseRoutes,
  addSyncRoutes,
  addJobRoutes,
  addBackupRoutes,
  addUploadRoutes,
  addSessionRoutes,
  addKeyRoutes,
  addScheduleRoutes,
  addMetricsRoute,
] as const;

function answerFaults(app: FastifyInstance, { log }: Service): void {
  app.setErrorHandler(async (thrown: FastifyError, request, reply) => {
    const problem = problemOf(thrown, request.routeOptions.schema?.consumes);
    const facts = { method: request.method, path: request.routeOptions.url, code: problem.code };
    if (problem.status >= 500) log.error(facts, problem.message);
    return sendProblem(reply, problem);
  });
}

// The audit has every request but GET, without its body and its headers.
function noteRequests(app: FastifyInstance, { log }: Service): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, ip: address } = request;
    if (method === 'GET' || method === 'HEAD') return;
    const by = request.requester?.name ?? null;
    log.info({ method, path: request.routeOptions.url, status: reply.statusCode, by, address }, 'request');
  });
}

// Milliseconds that a request may take to arrive whole. Only an upload by a key that may takes longer.
const arrival = 15_000;

function endSlowRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { raw, routeOptions } = request;
    const timer = setTimeout(() => {
      if (!raw.complete && !(routeOptions.config.isLongBody && request.isLetIn)) raw.destroy();
    }, arrival);
    raw.once('close', () => clearTimeout(timer));
  });
}

async function describeRoutes(app: FastifyInstance, { project }: Service): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'pgmage serve', version: project.version },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
  });
}

// Texts of a query become numbers where the schema wants some; nothing else is changed.
function validator(schema: object, part: string): (value: unknown) => { value: unknown } | { error: Error } {
  const compiled = Compile(schema);
  return (given) => {
    const value = part === 'querystring' ? readNumbers(schema, given) : given;
    if (compiled.Check(value)) return { value };
    const owner = owners[part] ?? `the ${part}`;
    return { error: new Error(describeFault(schema, value, owner, part === 'body' ? 'field' : 'parameter')) };
  };
}

const owners: Readonly<Record<string, string>> = { querystring: 'the query', params: 'the path' };

function readNumbers(schema: object, given: unknown): unknown {
  const { properties = {} } = schema as { readonly properties?: Record<string, { readonly type?: string }> };
  const read = ([name, value]: [string, unknown]) => {
    const isNumber = Object.hasOwn(properties, name) && properties[name]?.type === 'integer';
    return [name, isNumber && /^\d{1,9}$/.test(String(value)) ? Number(value) : value];
  };
  return Object.fromEntries(Object.entries(given as object).map(read));
}
