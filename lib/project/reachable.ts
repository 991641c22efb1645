// Programs of PostgreSQL talk to a server themselves: while they do, pgmage asks now and then whether it is
// still there.
import { computeProbeTimeout } from '../pg/probe.ts';
import type { Code } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { openServer } from './source.ts';

/** The server that a program talks to. */
export interface ConnectionWork {
  readonly name: string;
  readonly url: string;
  /** Milliseconds between two questions; 0: none is asked. Default: 60 s. */
  readonly stallTimeout?: number | undefined;
}

const silent: ReadonlySet<Code> = new Set(['connection_timeout', 'connection_lost', 'host_not_found']);

/**
 * Does a work that a signal can end, and ends it where its server does not answer any more.
 * @throws Problem `connection_lost`; of the work
 */
export async function whileReachable<T>(
  { name, url, stallTimeout: limit = 60_000 }: ConnectionWork,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (limit === 0) return work(signal);
  const stopping = new AbortController();
  let lost: Problem | undefined;
  let isAsked = false;
  const look = async () => {
    if (isAsked) return;
    isAsked = true;
    try {
      const patience = computeProbeTimeout(limit);
      const asked = { name, url, connectTimeoutMs: patience, stallTimeout: 0 };
      await (await openServer({ ...asked, signal: AbortSignal.timeout(2 * patience) })).close();
    } catch (thrown) {
      if (!(thrown instanceof Problem) || !silent.has(thrown.code)) return;
      const { detail: said } = thrown.data as { readonly detail: string };
      const detail = `a new session got no answer while a program of PostgreSQL was at work: ${said}`;
      lost = new Problem('connection_lost', { environment: name, detail }, { cause: thrown });
      stopping.abort();
    } finally {
      isAsked = false;
    }
  };
  const timer = setInterval(() => void look(), limit);
  try {
    return await work(AbortSignal.any([signal, stopping.signal]));
  } catch (thrown) {
    throw lost ?? thrown;
  } finally {
    clearInterval(timer);
  }
}
