// Why a session could not be opened → Problem.

import type { Code, Problems, Unreachable } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { isServerError } from './server-problem.ts';

type UnreachableCode = { [C in Code]: Problems[C] extends Unreachable ? C : never }[Code];

// SQLSTATEs that a server answers a startup message with (manual: "PostgreSQL Error Codes").
const states: Readonly<Record<string, UnreachableCode>> = {
  '28P01': 'wrong_password',
  '28000': 'login_refused',
  '3D000': 'missing_database',
  '53300': 'too_many_connections',
  '57P03': 'server_unavailable',
  '57P01': 'server_unavailable',
  '42501': 'login_refused',
};

// Codes of Node's sockets and of its TLS, by pattern; the first that fits is taken.
const patterns: readonly [RegExp, UnreachableCode][] = [
  [/^(ENOTFOUND|EAI_)/, 'host_not_found'],
  [/^ETIMEDOUT/, 'connection_timeout'],
  [/CERT|SIGNED|^ERR_(TLS|SSL)|^EPROTO|UNABLE_TO/, 'ssl_failed'],
];

// Errors that `pg` and `pg-connection-string` identify only by their message.
const messages: readonly [RegExp, UnreachableCode][] = [
  [/^timeout expired/, 'connection_timeout'],
  [/^require_auth=|^channel_binding=/, 'login_refused'],
  [/target_session_attrs=/, 'unwanted_session'],
  [/SSL|certificate|sslmode/i, 'ssl_failed'],
  [/^SASL|password must be/i, 'wrong_password'],
];

/** The environment of the session, and the server that was tried. */
export interface Tried extends Omit<Unreachable, 'detail'> {
  /** `host:port`, or the file of a socket. */
  readonly place: string;
  /** Why a password file was not used. */
  readonly refused: string | undefined;
}

/** Turns an error while opening a session into a Problem about the environment. */
export function toConnectProblem(thrown: unknown, { place, refused, ...whose }: Tried): Problem {
  if (thrown instanceof Problem) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = classify(error);
  const said = explain(error);
  const facts = [said.includes(place) ? said : `${place}: ${said}`];
  if (code === 'wrong_password' && refused !== undefined) facts.push(refused);
  return new Problem(code, { ...whose, detail: facts.join('; ') }, { cause: error });
}

function classify(error: Error): UnreachableCode {
  const code = 'code' in error ? String(error.code) : '';
  if (isServerError(error)) return states[code] ?? 'login_refused';
  // The only files that are read on the way are those of sslrootcert, sslcert and sslkey.
  if ('syscall' in error && error.syscall === 'open') return 'ssl_failed';
  const found =
    patterns.find(([pattern]) => pattern.test(code)) ??
    messages.find(([pattern]) => code === '' && pattern.test(error.message));
  return found?.[1] ?? 'connection_refused';
}

// A host with several addresses fails with one error per address and no words of its own.
function explain(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one) => explain(one as Error)).join('; ');
  if (/password must be a string/.test(error.message)) return 'it asks for a password and none was given';
  if (error.message === 'timeout expired') return 'no answer in time';
  return error.message || error.name;
}
