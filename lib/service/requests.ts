// From a request to a job: the one way in, for routes and for schedules.
import { createHash, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { findBackups } from '../backup/find.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import type { Target } from '../project/world.ts';
import { placeOf } from '../project/write-access.ts';
import { writingKinds } from './endings.ts';
import { countWaiting, insertJob, type NewJob, setEntry } from './jobs.ts';
import { hasScope, type Requester } from './keys.ts';
import { takePlan } from './plans.ts';
import type { JobKind } from './schemas.ts';
import type { Service } from './service.ts';
import type { Feature } from './settings.ts';
import { folderOfBackups } from './storage.ts';
import { refuseFullStorage } from './storage-check.ts';
import { findUpload } from './upload-files.ts';

/** A request for a job. Its parameters were validated by the schema of its kind. */
export interface JobRequest {
  readonly kind: JobKind;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly requester: Requester;
  /** A text by which the same request is known for 24 hours. */
  readonly idempotencyKey?: string;
  readonly retryOf?: string;
  /** True: a job that replaces data is repeated when its process was lost. */
  readonly retryLost?: boolean;
  /** True: the configuration or an administrator asked for it beforehand, so it needs no plan. */
  readonly isScheduled?: boolean;
  /** Is asked in the transaction that adds the job; false: it is not added. */
  readonly claim?: (session: Connection, job: string) => Promise<boolean>;
}

/** The environments of a job. */
export interface JobEnds {
  readonly from: Target | null;
  readonly to: Target | null;
}

/**
 * Adds a job, or finds the one that the same request has added.
 * @throws Problem `forbidden`, `unknown_environment`, `no_server`, `missing_file`, `protected_target`,
 * `plan_needed`, `plan_outdated`, `queue_full`, `storage_full`, `bad_request`, `slot_taken`,
 * `queue_unavailable`
 */
export async function requestJob(
  service: Service,
  request: JobRequest,
): Promise<{ id: string; state: 'waiting' }> {
  const { planId, ...parameters } = request.parameters;
  const digest = digestOf(request.kind, parameters);
  const ends = await checkRequest(service, request);
  await refuseFullStorage(service, request);
  const id = await service.events.change(async (session, note) => {
    const known = await findAnswer(session, request, digest);
    if (known !== null) return known;
    const waiting = await countWaiting(session, digest);
    if (waiting.same !== null) {
      await claim(session, request, waiting.same);
      return waiting.same;
    }
    const { waiting: limit } = service.settings;
    if (waiting.count >= limit) throw new Problem('queue_full', { limit });
    const plan = { id: String(planId), digest, requestedBy: request.requester.name };
    const agreed = planId === undefined ? null : await takePlan(session, plan);
    const job = describeJob(request, { parameters, digest, ends, agreed });
    await claim(session, request, job.id);
    await insertJob(session, job);
    const { lane } = job;
    await setEntry(session, job.id, await service.queue.add(session, { id: job.id, lane, delay: 0 }));
    await note(job.id, 'state', { state: 'waiting' });
    await keepAnswer(session, request, digest, job.id);
    return job.id;
  }, 'request');
  service.wake();
  return { id, state: 'waiting' };
}

async function claim(session: Connection, request: JobRequest, job: string): Promise<void> {
  if (request.claim === undefined || (await request.claim(session, job))) return;
  throw new Problem('slot_taken', { requester: request.requester.name });
}

/** A digest of a request without what confirms it. The order of its members does not count. */
export function digestOf(kind: JobKind, parameters: Readonly<Record<string, unknown>>): string {
  const { planId: _, confirm: __, ...rest } = parameters;
  const sorted = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([kind, sorted]))
    .digest('hex');
}

/**
 * Checks the rights of a request, its environments and its file.
 * @param isPlan true: only a plan is made, which needs no confirmation
 */
export async function checkRequest(
  service: Service,
  { kind, parameters, requester, isScheduled = false }: JobRequest,
  isPlan = false,
): Promise<JobEnds> {
  const isWriting = writingKinds.has(kind);
  if (isWriting && !service.settings.features.includes(kind as Feature))
    throw new Problem('forbidden', {
      reason: `the service does not run jobs of kind ${kind}`,
      way: 'PGMAGE_FEATURES, or serve.features, names the kinds that it runs.',
    });
  refuseWithoutAdmin({ kind, parameters, requester });
  const find = async (name: unknown) => (name === undefined ? null : findServer(service, String(name)));
  const to = isWriting ? await find(parameters.to) : null;
  const drilled = await findDrilled(service, kind, parameters);
  const from = await find(parameters.from ?? parameters.database ?? parameters.on ?? drilled);
  // The request names the server, or the server is not protected.
  if (from !== null && drilled !== undefined) refuseTarget(service, { parameters, requester }, from, true);
  if (to !== null) refuseTarget(service, { parameters, requester }, to, isPlan || isScheduled);
  if (typeof parameters.file === 'string') await refuseMissingFile(service, kind, parameters);
  if (isWriting && !isPlan && !isScheduled) refuseUnplanned(kind, parameters);
  return { from, to };
}

/**
 * Refuses what only an administrator may ask for, by whatever route it comes: a retry of a job, too.
 * @throws Problem `forbidden`
 */
export function refuseWithoutAdmin({
  kind,
  parameters,
  requester,
}: Pick<JobRequest, 'kind' | 'parameters' | 'requester'>): void {
  if (hasScope(requester, 'admin')) return;
  const refused =
    (kind === 'prune' && 'a job of kind prune') ||
    (parameters.backupFirst === false && 'backupFirst: false') ||
    (parameters.withoutManifest === true && 'withoutManifest');
  if (refused) throw new Problem('forbidden', { reason: `${refused} needs the scope admin` });
}

// The server of a drill; default: that of which it is a backup.
async function findDrilled(
  { project, settings }: Service,
  kind: JobKind,
  parameters: JobRequest['parameters'],
): Promise<string | undefined> {
  if (kind !== 'verify' || parameters.drill !== true) return undefined;
  if (parameters.on !== undefined) return String(parameters.on);
  const all = await findBackups(project, settings.backups === null ? {} : { dir: settings.backups });
  return all.find(({ name }) => name === parameters.file)?.manifest?.environment;
}

async function findServer({ world }: Service, name: string): Promise<Target> {
  const target = await world.environment(name);
  if (target.url === null) throw new Problem('no_server', { environment: name });
  return target;
}

function refuseTarget(
  { settings }: Service,
  { parameters, requester }: Pick<JobRequest, 'parameters' | 'requester'>,
  to: Target,
  isUnconfirmed: boolean,
): void {
  const { name } = to;
  if (requester.to !== null && !requester.to.includes(name))
    throw new Problem('forbidden', { reason: `the key ${requester.name} may not write to ${name}` });
  if (!to.protected) return;
  const isAllowed = settings.allowTargets.includes(name);
  if (!isAllowed || (!isUnconfirmed && parameters.confirm !== name))
    throw new Problem('protected_target', {
      environment: name,
      lacks: isAllowed ? 'confirm' : 'allowTargets',
    });
}

async function refuseMissingFile(
  { project, settings }: Service,
  kind: JobKind,
  { file, withoutManifest }: JobRequest['parameters'],
): Promise<void> {
  const dir = settings.backups === null ? {} : { dir: settings.backups };
  const { path } = folderOfBackups(project, settings);
  // An upload has no manifest; its checksum can be verified all the same.
  if ((kind === 'verify' || withoutManifest) && (await findUpload(path, String(file))) !== null) return;
  const names = withoutManifest
    ? await readdir(path).catch(() => [])
    : (await findBackups(project, dir)).map(({ name }) => name);
  if (!names.includes(String(file)))
    throw new Problem('missing_file', { file: String(file), list: 'GET /api/backups' });
}

// A request that replaces data shows that its author knows what: by a plan, or by force and the name.
function refuseUnplanned(kind: JobKind, { planId, force, confirm, to }: JobRequest['parameters']): void {
  if (planId !== undefined || (force === true && confirm === to)) return;
  throw new Problem('plan_needed', { kind, target: String(to) });
}

function describeJob(
  { kind, requester, retryOf, retryLost }: JobRequest,
  { parameters, digest, ends, agreed }: Pick<NewJob, 'parameters' | 'digest' | 'agreed'> & { ends: JobEnds },
): NewJob {
  const place = (target: Target | null) => (target === null ? null : (placeOf(target.url) ?? target.name));
  const [reads, writes] = [place(ends.from), place(ends.to)];
  const hash = createHash('sha256')
    .update(writes ?? reads ?? 'none')
    .digest('hex')
    .slice(0, 24);
  return {
    id: randomUUID(),
    kind,
    parameters,
    digest,
    reads,
    writes,
    from: ends.from?.name ?? null,
    to: ends.to?.name ?? null,
    lane: `${writes !== null ? 'write' : kind === 'export' ? 'export' : 'read'}-${hash}`,
    requestedBy: requester.name,
    retryOf: retryOf ?? null,
    retryLost: retryLost ?? false,
    agreed,
  };
}

async function findAnswer(
  session: Connection,
  { requester, idempotencyKey }: JobRequest,
  digest: string,
): Promise<string | null> {
  if (idempotencyKey === undefined) return null;
  const [row] = await session.rows<{ digest: string; job: string }>(
    'select digest, job from service.requests where requested_by = $1 and key = $2',
    [requester.name, idempotencyKey],
  );
  if (row === undefined) return null;
  if (row.digest === digest) return row.job;
  throw new Problem('bad_request', { reason: 'the Idempotency-Key belongs to another request' });
}

async function keepAnswer(
  session: Connection,
  { requester, idempotencyKey }: JobRequest,
  digest: string,
  job: string,
): Promise<void> {
  if (idempotencyKey === undefined) return;
  await session.rows(
    `insert into service.requests (requested_by, key, digest, job) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [requester.name, idempotencyKey, digest, job],
  );
}
