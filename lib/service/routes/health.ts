// The state of the service, and the description of its API.
import type { FastifyInstance } from 'fastify';
import { HealthSchema, SettingsSchema } from '../schemas.ts';
import type { Service } from '../service.ts';

/** GET /health, /ready, /api/settings, /api/openapi.json. */
export function addHealthRoutes(app: FastifyInstance, service: Service): void {
  const { project, settings, store } = service;
  const health = { response: { 200: HealthSchema, 503: HealthSchema } };
  app.get('/health', { config: { access: 'open' }, schema: health }, async () => ({
    ok: true,
    version: project.version,
  }));
  app.get('/ready', { config: { access: 'open' }, schema: health }, async (_, reply) => {
    const isWritable = await store
      .change((session) => session.rows('update service.counter set last = last'))
      .then(
        () => true,
        () => false,
      );
    const ok = isWritable && (service.queue.isWell?.() ?? true) && !service.isStopping;
    return reply.status(ok ? 200 : 503).send({ ok, version: project.version });
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
  }));
  app.get('/api/openapi.json', { config: { access: 'read' }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
}
