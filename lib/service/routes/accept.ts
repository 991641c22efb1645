// The answer to a request that adds a job.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../problem/problem.ts';
import { requesterOf } from '../auth.ts';
import { type JobRequest, requestJob } from '../requests.ts';
import type { Accepted } from '../schemas.ts';
import type { Service } from '../service.ts';

/**
 * Adds a job for a request and answers 202 with its links.
 * @throws Problem as `requestJob`
 */
export async function addJob(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  job: Omit<JobRequest, 'requester' | 'idempotencyKey'>,
): Promise<FastifyReply> {
  const idempotencyKey = readIdempotencyKey(request);
  const { id, state } = await requestJob(service, {
    ...job,
    requester: requesterOf(request),
    ...(idempotencyKey !== null && { idempotencyKey }),
  });
  const path = `/api/jobs/${id}`;
  const accepted: Accepted = {
    id,
    state,
    links: { job: path, events: `${path}/events`, log: `${path}/log` },
  };
  return reply.status(202).header('Location', path).send(accepted);
}

function readIdempotencyKey({ headers }: FastifyRequest): string | null {
  const given = headers['idempotency-key'];
  if (given === undefined) return null;
  if (typeof given === 'string' && /^[\x21-\x7e]{1,100}$/.test(given)) return given;
  throw new Problem('bad_request', { reason: 'Idempotency-Key has 1 to 100 visible characters' });
}
