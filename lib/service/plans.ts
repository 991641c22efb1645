// Plans that were shown: kept for ten minutes, and each good for one job.
import { randomUUID } from 'node:crypto';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import type { AgreedLosses } from './jobs.ts';
import type { PlanFacts } from './planning.ts';
import type { Plan } from './schemas.ts';
import type { Store } from './store.ts';

const minutes = 10;

/** A plan and the request that it is of. */
export interface PlanKey {
  readonly id: string;
  readonly digest: string;
  readonly requestedBy: string;
}

/** Keeps a plan and gives it its id. */
export async function keepPlan(
  store: Store,
  { digest, requestedBy }: Omit<PlanKey, 'id'>,
  facts: PlanFacts,
): Promise<Plan> {
  const id = randomUUID();
  const agreed: AgreedLosses = { target: facts.target.address, losses: facts.losses };
  const sql = `insert into service.plans (id, digest, requested_by, agreed, expires_at)
    values ($1, $2, $3, $4::jsonb, pg_catalog.now() + interval '${minutes} minutes')
    returning pg_catalog.to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at`;
  const values = [id, digest, requestedBy, JSON.stringify(agreed)];
  const [row] = await store.use((session) => session.rows<{ at: string }>(sql, values), 'request');
  return { planId: id, expiresAt: row?.at ?? '', ...facts };
}

/** Takes a plan, which is then gone. @throws Problem `plan_outdated` */
export async function takePlan(
  session: Connection,
  { id, digest, requestedBy }: PlanKey,
): Promise<AgreedLosses> {
  const [row] = await session.rows<{ digest: string; agreed: AgreedLosses; isCurrent: boolean }>(
    `delete from service.plans where id = $1 and requested_by = $2
     returning digest, agreed, expires_at > pg_catalog.now() as "isCurrent"`,
    [id, requestedBy],
  );
  if (row === undefined) throw new Problem('plan_outdated', { reason: 'it was used, or it is too old' });
  if (!row.isCurrent) throw new Problem('plan_outdated', { reason: `it is older than ${minutes} minutes` });
  if (row.digest === digest) return row.agreed;
  throw new Problem('plan_outdated', { reason: 'the request is another one than the plan was made for' });
}
