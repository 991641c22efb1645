// From what a request throws to its answer: a Problem as JSON, with its status.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, toProblem } from '../problem/problem.ts';
import { redact } from '../problem/redact.ts';

/** Seconds after which a client asks a service again that is starting. */
export const startSeconds = 1;

/** The limit of a body, in bytes. */
export const bodyLimit = 64 * 1024;

/**
 * The Problem of what a request threw.
 * @param consumes the types of the route's body
 */
export function problemOf(
  thrown: FastifyError | Problem | Error,
  consumes: readonly string[] = ['application/json'],
): Problem {
  if (thrown instanceof Problem) return thrown;
  const { code, statusCode } = thrown as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Problem('body_too_large', { limit: bodyLimit });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new Problem('bad_request', { reason: `send the header Content-Type: ${consumes.join(' or ')}` });
  if (statusCode !== undefined && statusCode < 500)
    return new Problem('bad_request', { reason: reasons[code] ?? redact(thrown.message) });
  return toProblem(thrown);
}

// By the codes of Fastify.
const reasons: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty: send a JSON object',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body does not have the length of the header Content-Length',
  FST_ERR_BAD_URL: 'the path has a % that is not followed by two hexadecimal digits of UTF-8 text',
  FST_ERR_MAX_PARAM_LENGTH: 'a parameter of the path is too long',
};

/** Answers with a Problem. */
export async function sendProblem(reply: FastifyReply, problem: Problem): Promise<FastifyReply> {
  if (problem.code === 'unauthorized') reply.header('WWW-Authenticate', 'Bearer');
  if ('seconds' in problem.data) reply.header('Retry-After', String(problem.data.seconds));
  // RFC 9110, section 15.5.6.
  if (problem.code === 'method_not_allowed' && 'allowed' in problem.data)
    reply.header('Allow', problem.data.allowed.join(', '));
  return reply.status(problem.status).type('application/json').send({ problem });
}

/** The answer to a request that no route has. */
export const unknownRoute = ({ method, url }: FastifyRequest) =>
  new Problem('unknown_route', { method, path: url.replace(/\?.*$/, '').slice(0, 200) });
