// Jobs that move data, and their plans.
import type { FastifyInstance } from 'fastify';
import { requesterOf } from '../auth.ts';
import type { PlanFacts } from '../planning.ts';
import { keepPlan } from '../plans.ts';
import { checkRequest, digestOf } from '../requests.ts';
import {
  AcceptedSchema,
  CloneSchema,
  DataSchema,
  ExportSchema,
  ImportSchema,
  type Plan,
  type PlanRequest,
  PlanRequestSchema,
  PlanSchema,
} from '../schemas.ts';
import type { Service } from '../service.ts';
import { addJob } from './accept.ts';

const kinds = [
  { kind: 'export', access: 'run', body: ExportSchema },
  { kind: 'import', access: 'write', body: ImportSchema },
  { kind: 'clone', access: 'write', body: CloneSchema },
  { kind: 'data', access: 'write', body: DataSchema },
] as const;

/** POST /api/sync/export, /import, /clone, /data; POST /api/plans. */
export function addSyncRoutes(app: FastifyInstance, service: Service): void {
  for (const { kind, access, body } of kinds) {
    const schema = { body, response: { 202: AcceptedSchema } };
    app.post(`/api/sync/${kind}`, { config: { access }, schema }, (request, reply) =>
      addJob(service, request, reply, { kind, parameters: request.body as Record<string, unknown> }),
    );
  }
  const planned = { body: PlanRequestSchema, response: { 200: PlanSchema } };
  app.post('/api/plans', { config: { access: 'read' }, schema: planned }, async (request): Promise<Plan> => {
    const { kind, planId: _, ...parameters } = request.body as PlanRequest;
    const requester = requesterOf(request);
    await checkRequest(service, { kind, parameters, requester }, true);
    const work = { does: 'plan', kind, parameters, requestedBy: requester.name } as const;
    const facts = (await service.planner.run(work)) as PlanFacts;
    const key = { digest: digestOf(kind, parameters), requestedBy: requester.name };
    return keepPlan(service.store, key, facts);
  });
}
