// Backups: the list, one of them, its content, and its verification and end.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { findBackups } from '../../backup/find.ts';
import { resolveFolder } from '../../backup/folder.ts';
import { reportBackup } from '../../backup/report.ts';
import { removeBackup } from '../../commands/backups-prune.ts';
import type { Backup } from '../../flow/manifest.ts';
import { Problem } from '../../problem/problem.ts';
import { isFileInUse } from '../jobs.ts';
import {
  AcceptedSchema,
  type BackupInfo,
  BackupSchema,
  BackupsSchema,
  FileSchema,
  VerifySchema,
} from '../schemas.ts';
import type { Service } from '../service.ts';
import { addJob } from './accept.ts';

const named = Type.Object({ file: FileSchema });

/** GET /api/backups, /api/backups/{file}, …/content; POST …/verify; DELETE. */
export function addBackupRoutes(app: FastifyInstance, service: Service): void {
  const { project, settings } = service;
  const listed = { response: { 200: BackupsSchema } };
  app.get('/api/backups', { config: { access: 'read' }, schema: listed }, async () => ({
    folder: resolveFolder(project, settings.backups ?? undefined).shown,
    backups: (await list(service)).map((one) => describe(service, one)).reverse(),
  }));
  const one = { params: named, response: { 200: BackupSchema } };
  app.get('/api/backups/:file', { config: { access: 'read' }, schema: one }, async (request) =>
    describe(service, await find(service, request)),
  );
  const content = { params: named, produces: ['application/octet-stream'] };
  app.get(
    '/api/backups/:file/content',
    { config: { access: 'download' }, schema: content },
    async (request, reply) => sendFile(await find(service, request), request, reply),
  );
  addActions(app, service);
}

function addActions(app: FastifyInstance, service: Service): void {
  const { project } = service;
  const verified = { params: named, body: VerifySchema, response: { 202: AcceptedSchema } };
  app.post(
    '/api/backups/:file/verify',
    { config: { access: 'run' }, schema: verified },
    async (request, reply) => {
      const { name } = await find(service, request);
      const parameters = { ...(request.body as object), file: name };
      return addJob(service, request, reply, { kind: 'verify', parameters });
    },
  );
  const deleted = { params: named, response: { 204: Type.Null() } };
  app.delete(
    '/api/backups/:file',
    { config: { access: 'admin' }, schema: deleted },
    async (request, reply) => {
      const backup = await find(service, request);
      if (backup.keep) throw new Problem('backup_in_use', { file: backup.name, reason: 'it is marked keep' });
      if (await service.store.use((session) => isFileInUse(session, backup.name)))
        throw new Problem('backup_in_use', { file: backup.name, reason: 'a job reads it' });
      await removeBackup(project, backup);
      return reply.status(204).send();
    },
  );
}

function list({ project, settings }: Service): Promise<Backup[]> {
  return findBackups(project, settings.backups === null ? {} : { dir: settings.backups });
}

async function find(service: Service, request: FastifyRequest): Promise<Backup> {
  const { file } = request.params as { file: string };
  const found = (await list(service)).find(({ name }) => name === file);
  if (found === undefined) throw new Problem('missing_file', { file });
  return found;
}

function describe({ project }: Service, backup: Backup): BackupInfo {
  const report = reportBackup(project, backup);
  return { ...report, file: basename(report.file), left: [...report.left], faults: [...report.faults] };
}

// A range of bytes as RFC 9110, section 14, has it: one range, of a file.
async function sendFile(
  { path, name }: Backup,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const found = await stat(path);
  if (found.isDirectory())
    throw new Problem('bad_request', { reason: `${name} is a folder, which cannot be downloaded` });
  const range = readRange(headers.range, found.size);
  reply
    .header('Accept-Ranges', 'bytes')
    .header('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`)
    .type('application/octet-stream');
  if (range === 'unsatisfiable')
    return reply.status(416).header('Content-Range', `bytes */${found.size}`).send();
  const { start, end } = range ?? { start: 0, end: found.size - 1 };
  if (range !== null) reply.status(206).header('Content-Range', `bytes ${start}-${end}/${found.size}`);
  return reply.header('Content-Length', String(end - start + 1)).send(createReadStream(path, { start, end }));
}

function readRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}
