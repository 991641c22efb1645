// The page: the files of dist/web, and a sentence where they are missing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem, unknownRoute } from '../fault.ts';
import type { RefuseRequest } from '../methods.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

const missing = `<!doctype html><html lang="en"><title>pgmage</title>
<p>The page is not built. Run <code>npm run build</code>. The API works: see /api/openapi.json.</p></html>`;

// Built, they are beside this file; from the sources, in the repository's dist.
const folders = ['./web/', '../../../dist/web/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

const pathOf = ({ url }: FastifyRequest) => url.replace(/[?#].*$/, '');
const asksForPage = (request: FastifyRequest) =>
  (request.method === 'GET' || request.method === 'HEAD') && !pathOf(request).startsWith('/api');

/** Answers each other GET: with a file, with the page for a path of it, or with 404; the rest by `refuse`. */
export function addPage(app: FastifyInstance, refuse: RefuseRequest): void {
  const folder = folders.find((path) => existsSync(join(path, 'index.html')));
  const files = new Map<string, Buffer>();
  if (folder !== undefined)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) {
        const path = join(entry.parentPath, entry.name);
        files.set(`/${path.slice(folder.length).replaceAll('\\', '/')}`, readFileSync(path));
      }
  const send = (reply: FastifyReply, path: string, body: Buffer) =>
    reply.type(types[extname(path)] ?? 'application/octet-stream').send(body);
  // Before the body is read: Fastify refuses a QUERY without a type of its content first.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404 && !asksForPage(request)) return sendProblem(reply, refuse(request));
  });
  app.setNotFoundHandler({}, async (request: FastifyRequest, reply: FastifyReply) => {
    const path = pathOf(request);
    const file = files.get(path);
    if (file !== undefined) return send(reply, path, file);
    if (path === '/favicon.ico') return reply.status(204).send();
    // The name of an environment may have a dot.
    if (types[extname(path)] !== undefined) return sendProblem(reply, unknownRoute(request));
    const page = files.get('/index.html');
    if (page === undefined)
      return reply
        .status(404)
        .type(types['.html'] as string)
        .send(missing);
    return send(reply, '/index.html', page);
  });
}
