// Sessions of the page: in memory, so that a restart of the service ends them.
import { randomBytes } from 'node:crypto';
import type { Requester } from './keys.ts';

/** A session of the page. */
export interface PageSession {
  readonly id: string;
  /** The value of X-CSRF-Token. */
  readonly csrf: string;
  readonly keyId: string;
  readonly requester: Requester;
  readonly expiresAt: Date;
}

/** All sessions. */
export interface SessionBook {
  open(keyId: string, requester: Requester): PageSession;
  /** The session of a cookie; null: there is none, or it expired. */
  find(id: string): PageSession | null;
  end(id: string): void;
}

const hours = 12;
// The oldest end first: logins must not fill the memory.
const most = 1_000;

/** Opens the book of sessions. */
export function openSessions(now: () => Date): SessionBook {
  const sessions = new Map<string, PageSession>();
  return {
    open(keyId, requester) {
      const id = randomBytes(32).toString('base64url');
      const csrf = randomBytes(32).toString('base64url');
      const expiresAt = new Date(now().getTime() + hours * 3_600_000);
      const session = { id, csrf, keyId, requester, expiresAt };
      const [oldest] = sessions.keys();
      if (sessions.size >= most && oldest !== undefined) sessions.delete(oldest);
      sessions.set(id, session);
      return session;
    },
    find(id) {
      const session = sessions.get(id);
      if (session === undefined) return null;
      if (session.expiresAt > now()) return session;
      sessions.delete(id);
      return null;
    },
    end: (id) => void sessions.delete(id),
  };
}
