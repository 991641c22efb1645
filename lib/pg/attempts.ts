// The order in which the servers of a URL are tried, each with and without encryption (libpq: PQconnectPoll).

import type { Unreachable } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { toConnectProblem } from './connect-problem.ts';
import { type EncryptionMode, listEncryptionModes } from './encryption.ts';
import { nameServer, type Route, type ServerPlace } from './route.ts';

/** One try: where, how, and the kind of session that is wanted there. */
export interface ConnectTry {
  readonly place: ServerPlace;
  readonly way: EncryptionMode;
  readonly orPlain: boolean;
  /** `target_session_attrs`. */
  readonly wanted: string;
}

// Failures of one server after which libpq tries the next: it is not there, is not ready, or is of another
// kind.
const absent: ReadonlySet<string> = new Set([
  'connection_refused',
  'host_not_found',
  'connection_timeout',
  'server_unavailable',
  'unwanted_session',
]);

/**
 * Opens the first session that can be had.
 * @throws Problem of the last server that was tried
 */
export async function openFirstSession<T>(
  route: Route,
  whose: Omit<Unreachable, 'detail'>,
  open: (one: ConnectTry) => Promise<T>,
): Promise<T> {
  const { target_session_attrs: wanted = 'any', load_balance_hosts } = route.said;
  // The tries: standbys first, then every other server.
  const rounds = wanted === 'prefer-standby' ? [wanted, 'any'] : [wanted];
  const places = load_balance_hosts === 'random' ? shuffled(route.places) : route.places;
  let last: Problem | undefined;
  for (const kind of rounds)
    for (const place of places) {
      const outcome = await atPlace(
        route,
        place,
        (way, orPlain) => open({ place, way, orPlain, wanted: kind }),
        whose,
      );
      if ('session' in outcome) return outcome.session;
      last = outcome.problem;
      if (!absent.has(last.code)) throw last;
    }
  throw last;
}

async function atPlace<T>(
  { said }: Route,
  place: ServerPlace,
  open: (way: EncryptionMode, orPlain: boolean) => Promise<T>,
  whose: Omit<Unreachable, 'detail'>,
): Promise<{ readonly session: T } | { readonly problem: Problem }> {
  const ways = listEncryptionModes(said, place.address);
  const details: string[] = [];
  for (const [index, way] of ways.entries()) {
    const isLast = index === ways.length - 1;
    try {
      return { session: await open(way, !isLast) };
    } catch (thrown) {
      const problem = toConnectProblem(thrown, {
        ...whose,
        place: nameServer(place),
        refused: place.refused,
      });
      if (!('detail' in problem.data)) return { problem };
      details.push(problem.data.detail as string);
      if (!isLast && mayDiffer(problem)) continue;
      const detail = [...new Set(details)].join('; ');
      return { problem: new Problem(problem.code, { ...problem.data, detail } as never, { cause: thrown }) };
    }
  }
  throw new Problem('internal', { reason: 'no address was tried' });
}

// The other mode can succeed where encryption failed, or where pg_hba.conf has another rule for it.
const mayDiffer = ({ code }: Problem) => ['ssl_failed', 'login_refused', 'wrong_password'].includes(code);

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((one) => ({ one, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
