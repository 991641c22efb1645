// Sessions that hold a lock, as messages name them.

/** A session that holds a lock that another session waits for. */
export interface LockHolder {
  readonly pid: number;
  readonly applicationName: string | null;
  readonly role: string | null;
  /** `active`, `idle in transaction`; null: only its owner may know. */
  readonly state: string | null;
  /** When its last statement began; ISO 8601, in UTC. */
  readonly queryStart: string | null;
  /** The name of a prepared transaction, which has no session. */
  readonly prepared?: string | null;
}

/** The number of holders that a message names. */
const mostNamed = 3;

/**
 * `session 4711 (psql, role app, idle in transaction, its last statement began at …) and session …`; after
 * three: `and 2 more`.
 */
export function describeHolders(holders: readonly LockHolder[]): string {
  const words = holders
    .slice(0, mostNamed)
    .map(({ pid, applicationName, role, state, queryStart, prepared }) => {
      if (typeof prepared === 'string')
        return `the prepared transaction '${prepared}' (role ${role}, prepared at ${queryStart})`;
      const known = [applicationName, role && `role ${role}`, state].filter(Boolean);
      const since = queryStart === null ? [] : [`its last statement began at ${queryStart}`];
      const facts = [...known, ...since];
      return `session ${pid}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
    });
  const more = holders.length - mostNamed;
  return [...words, ...(more > 0 ? [`${more} more`] : [])].join(' and ');
}

/** The ways to end holders of locks, as the rest of a sentence. */
export function endHolders(holders: readonly LockHolder[]): string {
  const prepared = holders.filter((one) => typeof one.prepared === 'string').length;
  const ways = [
    ...(prepared < holders.length || prepared === 0 ? ['the session with pg_terminate_backend'] : []),
    ...(prepared > 0 ? ['the prepared transaction with COMMIT PREPARED or ROLLBACK PREPARED'] : []),
  ];
  return ways.join(', and ');
}
