// The state of the service, and the description of its API.
import type { FastifyInstance } from 'fastify';
import { startSeconds } from '../fault.ts';
import { historyLimits } from '../history.ts';
import { HealthSchema, ReadySchema, SettingsSchema } from '../schemas.ts';
import type { Service } from '../service.ts';
import { judgeFullness } from '../storage.ts';
import { openStoreCheck } from '../store.ts';

/** GET /health, /ready, /api/settings, /api/openapi.json. */
export function addHealthRoutes(app: FastifyInstance, service: Service): void {
  const { project, settings, store } = service;
  const health = { response: { 200: HealthSchema } };
  app.get('/health', { config: { access: 'open' }, schema: health }, async () => ({
    ok: true,
    version: project.version,
  }));
  const isWritable = openStoreCheck(store);
  const ready = { response: { 200: ReadySchema, 503: ReadySchema } };
  app.get('/ready', { config: { access: 'open' }, schema: ready }, async (_, reply) => {
    const takesChanges = await isWritable();
    const stopping = service.isStopping;
    const fullness = judgeFullness(await service.storage.read());
    const hasQueue = takesChanges && (service.queue.isWell?.() ?? true);
    const isStarted = service.scheduler !== null;
    const ok = hasQueue && isStarted && !stopping && fullness !== 'full';
    const queue = hasQueue ? 'ok' : 'unavailable';
    const answer = { ok, version: project.version, queue, storage: fullness, stopping };
    if (!isStarted) reply.header('Retry-After', String(startSeconds));
    return reply.status(ok ? 200 : 503).send(answer);
  });
  const described = { response: { 200: SettingsSchema } };
  app.get('/api/settings', { config: { access: 'read' }, schema: described }, async () => ({
    version: project.version,
    features: settings.features,
    concurrency: settings.concurrency,
    waiting: settings.waiting,
    jobMemory: settings.jobMemory,
    queue: settings.queue,
    backups: settings.backups ?? 'backups',
    storage: await service.storage.read(),
    history: historyLimits,
  }));
  app.get('/api/openapi.json', { config: { access: 'read' }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
}
