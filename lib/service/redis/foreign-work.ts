// The works that a worker accepts. Each client of its Redis can send some, so the worker's own configuration
// and the shapes of the requests limit them.
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Retention } from '../../flow/retention.ts';
import { Problem } from '../../problem/problem.ts';
import { findChanged, writingKinds } from '../endings.ts';
import type { ProcessWork } from '../messages.ts';
import { parameterSchemas } from '../parameter-schemas.ts';
import { readConfigured } from '../schedules.ts';
import { count, JobKindSchema, nullable } from '../schema-parts.ts';
import type { Feature } from '../settings.ts';
import { describeFault } from '../shape-faults.ts';
import { findRetention } from '../storage.ts';
import type { ServiceSurroundings } from '../surroundings.ts';
import type { SentWork } from './letters.ts';

const workSchema = Type.Object({
  does: Type.Literal('job'),
  kind: JobKindSchema,
  parameters: Type.Record(Type.String(), Type.Unknown()),
  agreed: nullable(
    Type.Object({
      target: Type.String(),
      losses: Type.Array(Type.Object({ table: Type.String(), rows: count() })),
    }),
  ),
  storage: nullable(
    Type.Object({
      retention: Type.Object({ daily: count(), weekly: count(), monthly: count() }),
      inUse: Type.Array(Type.String()),
    }),
  ),
  requestedBy: Type.String({ maxLength: 200 }),
});
const shape = Compile(workSchema);

/**
 * Makes a work of this machine of one that was sent: with the folder and the limit of storage of its own
 * configuration. A backup is kept if its rules of deletion keep it, or those that were sent.
 * @throws Problem `bad_request`, `forbidden`, `protected_target`, `unknown_environment`, `bad_config`
 */
export async function acceptWork(around: ServiceSurroundings, sent: SentWork): Promise<ProcessWork> {
  refuseOddShape(sent);
  await refuseForbidden(around, sent);
  const { project, settings } = around;
  const { root, version } = project;
  const { backups, maxStorage: limit } = settings;
  const { does, kind, parameters, agreed, requestedBy } = sent;
  const schedules = [...readConfigured(project.serve?.schedules ?? {}).values()];
  const own = findRetention(schedules.map(({ definition }) => definition));
  // The schedules of the page are in the store of the service. A client of the Redis can only keep more.
  const most = (period: keyof Retention) => Math.max(own[period], sent.storage?.retention[period] ?? 0);
  const retention = { daily: most('daily'), weekly: most('weekly'), monthly: most('monthly') };
  const storage = { limit, retention, inUse: sent.storage?.inUse ?? [] };
  return { does, kind, parameters, agreed, requestedBy, storage, root, version, backups };
}

function refuseOddShape(sent: SentWork): void {
  refuseFault(shape.Check(sent), workSchema, sent);
  const schema = parameterSchemas[sent.kind];
  refuseFault(Compile(schema).Check(sent.parameters), schema, sent.parameters);
}

function refuseFault(isFitting: boolean, schema: object, value: unknown): void {
  if (!isFitting)
    throw new Problem('bad_request', { reason: describeFault(schema, value, 'the work of the job') });
}

async function refuseForbidden(
  { world, settings }: ServiceSurroundings,
  { kind, parameters }: SentWork,
): Promise<void> {
  const isWriting = writingKinds.has(kind);
  if (isWriting && !settings.features.includes(kind as Feature))
    throw new Problem('forbidden', { reason: `the worker does not run jobs of kind ${kind}` });
  const changed = findChanged(kind, parameters);
  if (changed === undefined) return;
  const { name, protected: isProtected } = await world.environment(changed);
  if (isProtected && !settings.allowTargets.includes(name))
    throw new Problem('protected_target', { environment: name, lacks: 'allowTargets' });
}
