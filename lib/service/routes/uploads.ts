// POST /api/backups: the upload of a dump that was made elsewhere. POST /api/backups/prune.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Problem } from '../../problem/problem.ts';
import { requesterOf } from '../auth.ts';
import { describeUpload } from '../describe-backup.ts';
import {
  AcceptedSchema,
  BackupSchema,
  PruneSchema,
  type UploadQuery,
  UploadQuerySchema,
} from '../schemas.ts';
import type { Service } from '../service.ts';
import { storeUpload } from '../uploads.ts';
import { addJob } from './accept.ts';

// Milliseconds: without a byte, an upload is given up; for the client to read why it was refused.
const [silence, farewell] = [30_000, 2_000];

/** POST /api/backups, /api/backups/prune. Both need `admin`: one fills the disk, the other deletes. */
export function addUploadRoutes(app: FastifyInstance, service: Service): void {
  // The type of its body is known to this route alone.
  void app.register(async (own) => {
    own.addContentTypeParser('application/octet-stream', (_, payload, done) => done(null, payload));
    const schema = {
      querystring: UploadQuerySchema,
      consumes: ['application/octet-stream'],
      body: Type.Unknown({ description: 'The dump: SQL, also as gzip or zstd, or an archive of pg_dump' }),
      response: { 201: BackupSchema },
    };
    own.post('/api/backups', { config: { access: 'admin', isLongBody: true }, schema }, (request, reply) =>
      takeUpload(service, request, reply),
    );
  });
  const pruned = { body: PruneSchema, response: { 202: AcceptedSchema } };
  app.post('/api/backups/prune', { config: { access: 'admin' }, schema: pruned }, (request, reply) =>
    addJob(service, request, reply, { kind: 'prune', parameters: request.body as object as never }),
  );
}

/**
 * Ends a request when its client sends nothing for so many milliseconds. When the body has arrived, to store
 * it may take any time.
 * @returns the way to stop
 */
export function endWhenSilent(raw: IncomingMessage, milliseconds: number): () => void {
  const { socket } = raw;
  const end = () => void raw.destroy();
  const release = () => void socket.setTimeout(0).off('timeout', end);
  socket.setTimeout(milliseconds).on('timeout', end);
  raw.once('end', release);
  return release;
}

async function takeUpload(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { raw, body, headers } = request;
  if (body !== raw)
    throw new Problem('bad_request', { reason: 'the body is the dump, as application/octet-stream' });
  const { name = 'dump', sha256 = null } = request.query as UploadQuery;
  const length = headers['content-length'] === undefined ? null : Number(headers['content-length']);
  const release = endWhenSilent(raw, silence);
  try {
    const by = requesterOf(request).name;
    const made = await storeUpload(service, { body: raw, length, label: name, sha256, by });
    service.log.info({ file: made.name, bytes: made.bytes, by }, 'dump uploaded');
    return reply.status(201).send(describeUpload(made));
  } catch (thrown) {
    // The rest of the body is thrown away for a moment, so that its client reads the answer before the end.
    if (!raw.complete) {
      raw.resume();
      reply.raw.once('finish', () => {
        const timer = setTimeout(() => raw.socket.destroy(), farewell).unref();
        raw.once('end', () => clearTimeout(timer));
      });
    }
    throw thrown;
  } finally {
    release();
  }
}
