// Statements that the native shadow refuses, because its role is not a superuser or its place is full, and
// that the embedded one runs. The same is done with the work of a server that was lost.
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';

/**
 * The problem of work that the embedded shadow has to do. It has no SQLSTATE, so no code takes it for the
 * fault of a statement.
 */
export function beyondNative(reason: string): Problem {
  return new Problem('beyond_native', { reason });
}

/** True for that problem. */
export function isBeyondNative(thrown: unknown): thrown is Problem<'beyond_native'> {
  return thrown instanceof Problem && thrown.code === 'beyond_native';
}

// SQLSTATEs: the role lacks a right; a role that the server reserves (`pg_write_server_files` is removed); a
// file of an extension that is not installed, or a file of the server that was removed; no room left for its
// files, or no memory; a failure to read or write them; a warning that nothing was revoked or granted, where
// a superuser would have.
const refusals = new Set(['42501', '42939', '58P01', '53100', '53200', '58030']);
// A superuser's right whose refusal has the SQLSTATE of other faults (source: AggregateCreate). The server's
// language is English.
const words = /aggregate transition data type cannot be internal/;
const warnings = new Set(['01006', '01007']);

/** A session that throws Problem `beyond_native` for these. */
export function guardNative(session: ServerConnection): ServerConnection {
  let seen = session.notices.length;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work();
      const fresh = session.notices.slice(seen);
      seen = session.notices.length;
      const warning = fresh.find(({ sqlstate }) => warnings.has(sqlstate));
      if (warning !== undefined) throw beyondNative(warning.message);
      return result;
    } catch (thrown) {
      if (isBeyond(thrown)) throw beyondNative(thrown.message);
      throw thrown;
    }
  };
  return {
    ...session,
    rows: (sql, parameters) => guarded(() => session.rows(sql, parameters)),
    batch: (queries) => guarded(() => session.batch(queries)),
    stream: (queries, take) => guarded(() => session.stream(queries, take)),
    execute: (sql) => guarded(() => session.execute(sql)),
  };
}

function isBeyond(thrown: unknown): thrown is Problem {
  if (!(thrown instanceof Problem)) return false;
  if (thrown.code === 'missing_extension' || thrown.code === 'connection_lost') return true;
  return (
    ('sqlstate' in thrown.data && refusals.has(String(thrown.data.sqlstate))) || words.test(thrown.message)
  );
}
