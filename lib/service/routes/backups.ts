// Backups: the list, one of them, its content, and its verification and end.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { findBackups } from '../../backup/find.ts';
import { removeBackup } from '../../commands/backups-prune.ts';
import type { Backup } from '../../flow/manifest.ts';
import { Problem } from '../../problem/problem.ts';
import { describeBackup, describeUpload, explainRetention } from '../describe-backup.ts';
import { listFilesInUse } from '../jobs.ts';
import { content } from '../schema-parts.ts';
import {
  AcceptedSchema,
  type BackupInfo,
  BackupSchema,
  BackupsSchema,
  FileSchema,
  VerifySchema,
} from '../schemas.ts';
import type { Service } from '../service.ts';
import { folderOfBackups } from '../storage.ts';
import { readRetention } from '../storage-rule.ts';
import { findUpload, listUploads, removeUpload } from '../upload-files.ts';
import { addJob } from './accept.ts';

const named = Type.Object({ file: FileSchema });

/** GET /api/backups, /api/backups/{file}, …/content; POST …/verify; DELETE. */
export function addBackupRoutes(app: FastifyInstance, service: Service): void {
  const { project, settings } = service;
  const listed = { response: { 200: BackupsSchema } };
  app.get('/api/backups', { config: { access: 'read' }, schema: listed }, async () => ({
    folder: folderOfBackups(project, settings).shown,
    storage: await service.storage.read(),
    retention: await readRetention(service, 'request'),
    backups: await describeAll(service),
  }));
  const one = { params: named, response: { 200: BackupSchema } };
  app.get('/api/backups/:file', { config: { access: 'read' }, schema: one }, async (request) =>
    findDescribed(service, fileOf(request)),
  );
  const file = content('application/octet-stream', 'The file, or the range of it that was asked for');
  const sent = { 200: file, 206: file, 416: Type.Null({ description: 'The file has no such range' }) };
  app.get(
    '/api/backups/:file/content',
    { config: { access: 'download' }, schema: { params: named, response: sent } },
    async (request, reply) => sendFile(await findFile(service, fileOf(request)), request, reply),
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
      const { name } = await findFile(service, fileOf(request));
      const parameters = { ...(request.body as object), file: name };
      return addJob(service, request, reply, { kind: 'verify', parameters });
    },
  );
  const deleted = { params: named, response: { 204: Type.Null() } };
  app.delete(
    '/api/backups/:file',
    { config: { access: 'admin' }, schema: deleted },
    async (request, reply) => {
      const file = fileOf(request);
      const upload = await findUpload(folderOfBackups(project, service.settings).path, file);
      await refuseUsed(service, file);
      if (upload !== null) {
        await removeUpload(upload);
        return reply.status(204).send();
      }
      const backup = await find(service, file);
      if (backup.keep) throw new Problem('backup_in_use', { file: backup.name, reason: 'it is marked keep' });
      await removeBackup(project, backup);
      return reply.status(204).send();
    },
  );
}

function list({ project, settings }: Service): Promise<Backup[]> {
  return findBackups(project, settings.backups === null ? {} : { dir: settings.backups });
}

const fileOf = (request: FastifyRequest) => (request.params as { file: string }).file;

async function refuseUsed({ store }: Service, file: string): Promise<void> {
  if ((await store.use(listFilesInUse, 'request')).includes(file))
    throw new Problem('backup_in_use', { file, reason: 'a job reads it' });
}

async function find(service: Service, file: string): Promise<Backup> {
  const found = (await list(service)).find(({ name }) => name === file);
  if (found === undefined) throw new Problem('missing_file', { file, list: 'GET /api/backups' });
  return found;
}

/** A backup, or an uploaded dump. */
type DumpFile = Pick<Backup, 'name' | 'path'>;

async function findFile(service: Service, file: string): Promise<DumpFile> {
  const { path } = folderOfBackups(service.project, service.settings);
  return (await findUpload(path, file)) ?? find(service, file);
}

// The newest first.
async function describeAll(service: Service): Promise<BackupInfo[]> {
  const { project, settings } = service;
  const [all, uploads, retention] = await Promise.all([
    list(service),
    listUploads(folderOfBackups(project, settings).path),
    readRetention(service, 'request'),
  ]);
  const why = explainRetention(project, all, retention);
  const backups = all.map((one) => describeBackup(project, one, why.get(one.name) ?? []));
  return [...uploads.map(describeUpload).reverse(), ...backups.reverse()];
}

async function findDescribed(service: Service, file: string): Promise<BackupInfo> {
  const found = (await describeAll(service)).find((one) => one.file === file);
  if (found === undefined) throw new Problem('missing_file', { file, list: 'GET /api/backups' });
  return found;
}

// A range of bytes as RFC 9110, section 14, has it: one range, of a file.
async function sendFile(
  { path, name }: DumpFile,
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
