// An error that a PostgreSQL server or its driver reports during a session → Problem.

import type { Code, Problems, Refused, Unreachable } from '../problem/codes.ts';
import { type FilePiece, findCharacter, findCodeStart, locate, type Where } from '../problem/location.ts';
import { Problem, toProblem } from '../problem/problem.ts';

/** The fields of a server's ErrorResponse that are used (manual: "Error and Notice Message Fields"). */
export interface ServerError extends Error {
  readonly severity: string;
  /** The SQLSTATE. */
  readonly code: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly where?: string;
  /** The C function that reported it: unlike the message, the same in every language. */
  readonly routine?: string;
  readonly table?: string;
  readonly column?: string;
}

/** The SQL that was sent when the error came back. */
export interface Sent {
  readonly environment?: string;
  readonly sql: string;
  /** The role of the session. */
  readonly role?: string | undefined;
  /** The number of its statements that ran. */
  readonly completed?: number;
  /** The offset of `sql` in a user's file; without it the problem has no place. */
  readonly origin?: FilePiece;
}

type RefusedCode = { [C in Code]: Problems[C] extends Refused ? C : never }[Code];

// The manual's appendix "PostgreSQL Error Codes"; the longest prefix that fits is taken.
const codes: Readonly<Record<string, RefusedCode | 'connection_lost'>> = {
  '08': 'connection_lost',
  '0A': 'invalid_sql',
  '22': 'invalid_sql',
  '25P03': 'connection_lost',
  '3F000': 'missing_object',
  '42': 'invalid_sql',
  '42501': 'permission_denied',
  '42703': 'missing_object',
  '42704': 'missing_object',
  '42883': 'missing_object',
  '42P01': 'missing_relation',
  '55P03': 'lock_timeout',
  '57014': 'statement_timeout',
  '57P': 'connection_lost',
};

const roleRoutines = new Set(['get_role_oid', 'get_rolespec_oid', 'get_rolespec_tuple']);
// A snapshot that another session exported is there no more when that session is gone.
const snapshotRoutines = new Set(['ImportSnapshot', 'SetTransactionSnapshot']);
const extensionRoutines = new Set(['parse_extension_control_file', 'get_extension_oid']);

/** True if the error came from the server, not from the driver or the network. */
export function isServerError(thrown: unknown): thrown is ServerError {
  return thrown instanceof Error && 'severity' in thrown && /^[0-9A-Z]{5}$/.test(String(codeOf(thrown)));
}

/**
 * Turns an error of a running statement into a Problem, with its place in the user's file if one is given.
 */
export function toServerProblem(thrown: unknown, sent: Sent): Problem {
  const unanswered = /\bcommit;?\s*$/i.test(sent.sql) && ({ unanswered: 'COMMIT' } as const);
  if (thrown instanceof Problem) {
    if (!unanswered || thrown.code !== 'connection_lost') return thrown;
    return new Problem(thrown.code, { ...(thrown.data as Unreachable), ...unanswered }, { cause: thrown });
  }
  const environment = sent.environment ?? 'the database';
  if (!isServerError(thrown)) {
    // Without a SQLSTATE it is the socket (an errno such as ECONNRESET) or the driver telling that the socket
    // is gone.
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const lost =
      /^E[A-Z]+$/.test(String(codeOf(thrown))) || /terminated|not queryable|closed|timed? ?out/i.test(detail);
    return lost
      ? new Problem('connection_lost', { environment, detail, ...unanswered }, { cause: thrown })
      : toProblem(thrown);
  }
  // pgbouncer's own words: no transaction is possible there.
  if (thrown.message.includes('statement pooling mode'))
    return new Problem('transaction_pooler', { environment, mode: 'statement' }, { cause: thrown });
  const code = classify(thrown);
  if (code === 'connection_lost')
    return new Problem(code, { environment, detail: thrown.message, ...unanswered }, { cause: thrown });
  const data: Problems['missing_role'] = {
    environment: sent.environment ?? null,
    message: thrown.message,
    sqlstate: thrown.code,
    detail: thrown.detail ?? null,
    hint: thrown.hint ?? null,
    context: thrown.where ?? null,
    position: thrown.position ? findCharacter(sent.sql, Number(thrown.position)) : null,
    ...(sent.completed === undefined ? {} : { completed: sent.completed }),
    ...(thrown.table && { table: thrown.table }),
    ...(thrown.column && { column: thrown.column }),
    ...(code === 'permission_denied' && sent.role !== undefined && { role: sent.role }),
    name: quoted(thrown.message),
  };
  const where = sent.origin && placed(data, sent.origin);
  return new Problem(code, code.startsWith('missing') ? data : withoutName(data), { where, cause: thrown });
}

/**
 * The same problem with its place in the file whose text was sent; a problem that is about no SQL stays as it
 * is.
 */
export function locateProblem(problem: Problem, origin: FilePiece): Problem {
  if (problem.where || !('sqlstate' in problem.data)) return problem;
  const where = placed(problem.data, origin);
  return new Problem(problem.code, problem.data, { where, cause: problem.cause });
}

function placed(data: Refused, origin: FilePiece): Where {
  const index =
    data.position === null ? findCodeStart(origin.text, origin.offset) : origin.offset + data.position;
  return locate(origin.file, origin.text, index);
}

function classify(error: ServerError): RefusedCode | 'connection_lost' {
  if (snapshotRoutines.has(error.routine ?? '')) return 'connection_lost';
  if (roleRoutines.has(error.routine ?? '') || /^role ".*" does not exist$/.test(error.message))
    return 'missing_role';
  if (extensionRoutines.has(error.routine ?? '')) return 'missing_extension';
  return (
    codes[error.code] ?? codes[error.code.slice(0, 3)] ?? codes[error.code.slice(0, 2)] ?? 'statement_failed'
  );
}

// The first quoted name of a message, in the quotes of any of the server's languages.
function quoted(message: string): string {
  return /["«„“](.+?)["»“”]/.exec(message)?.[1]?.trim() ?? '';
}

function withoutName({ name: _, ...data }: Problems['missing_role']): Refused {
  return data;
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}

// SQLSTATEs of values and rows (manual: "PostgreSQL Error Codes").
const ofRows = /^(22(001|003|007|008|P02|P03)|23(502|503|505|514|P01))$/;

/** True for the data of a statement that the server refused because of the values of rows. */
export function isAboutRows(data: object): data is Refused {
  return 'sqlstate' in data && ofRows.test(String(data.sqlstate));
}
