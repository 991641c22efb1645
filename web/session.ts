// The session of this page, as state of a component.
import { useEffect, useState } from 'preact/hooks';
import type { KeyScope as Scope } from '../lib/service/schemas.ts';
import { currentSession, onSession, type Session } from './client.ts';

/** The session; the component is drawn again when it changes. */
export function useSession(): Session {
  const [session, setSession] = useState<Session>(currentSession);
  useEffect(() => {
    setSession(currentSession());
    return onSession(setSession);
  }, []);
  return session;
}

/** Tells if the key of this session has a right. `admin` has all of them. */
export function useMay(): (scope: Scope) => boolean {
  const session = useSession();
  return (scope) =>
    session.state === 'open' && (session.scopes.includes(scope) || session.scopes.includes('admin'));
}
