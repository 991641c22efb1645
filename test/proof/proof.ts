// Whether a pair of schemas can be turned into one another, on a real server, by every judge there is.
import { readCatalog } from '../../lib/catalog/read.ts';
import { kinds } from '../../lib/kinds/index.ts';
import type { Catalog } from '../../lib/model/catalog.ts';
import { diff } from '../../lib/model/diff.ts';
import type { Step } from '../../lib/model/step.ts';
import type { ServerConnection } from '../../lib/pg/connect.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { plan } from '../../lib/plan/index.ts';
import { type Database, withDatabase } from '../servers/databases.ts';
import type { Server } from '../servers/server.ts';
import { differences, reordered } from './comparison.ts';
import { dump, dumpDifferences, pgDump } from './dump.ts';
import { type Observation, Observer } from './observer.ts';
import { losses, type Rows, rowsIn } from './rows.ts';
import { apply, describe, load, Refusal, withSession } from './session.ts';

/** Two states of a schema, as SQL. */
export interface Pair {
  readonly name: string;
  readonly roles: readonly string[];
  /** Before anything else, once per server. */
  readonly cluster: string;
  /** Before each of the two states. */
  readonly setup: string;
  readonly old: string;
  readonly new: string;
  /** Rows on top of the old state, and of the new. */
  readonly seed: string;
  readonly seedNew: string;
}

/** Why a direction failed. */
export interface Failure {
  readonly reason:
    | 'not loadable'
    | 'read error'
    | 'plan error'
    | 'apply error'
    | 'catalog differs'
    | 'observer differs'
    | 'dump differs'
    | 'rows lost';
  readonly detail: string;
}

/** What came of one direction. */
export interface Verdict {
  readonly failure: Failure | null;
  /** The plan, as far as there was one. */
  readonly steps: readonly Step[];
  /** Tables whose columns are now in another order. */
  readonly reordered: readonly string[];
}

/** What came of a pair. */
export interface Proof {
  readonly up: Verdict;
  readonly down: Verdict;
}

/** A server with what its proofs have in common. */
export interface Bench {
  readonly server: Server;
  readonly observer: Observer;
  /** pg_dump of the server's version; null: that judge is not at hand. */
  readonly pgDump: string | null;
}

interface State {
  readonly catalog: Catalog;
  readonly observation: Observation;
  readonly dump: readonly string[];
  readonly rows: Rows;
}

/** Prepares a server for proofs. Databases made before cannot be observed. */
export async function benchOn(server: Server): Promise<Bench> {
  const observer = await withDatabase(server, ({ socket }) =>
    withSession(socket, (session) => Observer.learn(session)),
  );
  return { server, observer, pgDump: pgDump(server.major) };
}

/** Proves a pair in both directions. Failures are values; nothing is thrown that the pair can cause. */
export async function prove(bench: Bench, pair: Pair): Promise<Proof> {
  return withDatabase(bench.server, (oldDatabase) =>
    withSession(oldDatabase.socket, (oldSession) =>
      withDatabase(bench.server, (newDatabase) =>
        withSession(newDatabase.socket, async (newSession) => {
          const from = new Place(bench, oldDatabase, oldSession);
          const to = new Place(bench, newDatabase, newSession);
          return (await prepare(pair, from, to)) ?? (await bothWays(pair, from, to));
        }),
      ),
    ),
  );
}

async function prepare(pair: Pair, from: Place, to: Place): Promise<Proof | null> {
  const both = (failure: Verdict): Proof => ({ up: failure, down: failure });
  for (const [place, name, files] of [
    [from, 'old', [pair.old, pair.seed]],
    [to, 'new', [pair.new, pair.seedNew]],
  ] as const) {
    try {
      await load(place.session, pair.roles.map((role) => `create role "${role}";`).join('\n'));
      for (const file of [pair.cluster, pair.setup, ...files]) await load(place.session, file);
      await place.session.execute('discard all');
    } catch (thrown) {
      return both(failed('not loadable', `${name}: ${describe(thrown)}`));
    }
    try {
      await place.look();
    } catch (thrown) {
      return both(failed('read error', `${name}: ${describe(thrown)}`));
    }
  }
  return null;
}

async function bothWays(pair: Pair, from: Place, to: Place): Promise<Proof> {
  const [old, wanted] = [from.state, to.state];
  const up = await migrate(from, wanted);
  // The way back starts where the way there ended; where that was not reached, or rows were made for it, at a fresh load.
  const back = up.failure === null ? await migrate(from, old) : null;
  if (back?.failure) return { up, down: back };
  const fresh = back === null || pair.seedNew !== '' ? await migrate(to, old) : back;
  return { up, down: fresh };
}

/** A database under proof, and what was last seen in it. */
class Place {
  readonly bench: Bench;
  readonly database: Database;
  readonly session: ServerConnection;
  private seen: State | undefined;

  constructor(bench: Bench, database: Database, session: ServerConnection) {
    this.bench = bench;
    this.database = database;
    this.session = session;
  }

  get state(): State {
    if (this.seen === undefined) throw new Error('look first');
    return this.seen;
  }

  async look(): Promise<State> {
    const { bench, database, session } = this;
    this.seen = {
      catalog: await snapshot(session, (connection) => readCatalog(connection, kinds)),
      observation: await bench.observer.observe(session),
      dump: bench.pgDump === null ? [] : await dump(bench.pgDump, database.socket),
      rows: await rowsIn(session),
    };
    return this.seen;
  }
}

/** Plans from the state of a database to another one, applies that, and lets everybody judge. */
async function migrate(place: Place, to: State): Promise<Verdict> {
  const from = place.state;
  let steps: Step[] = [];
  try {
    steps = plan({ before: from.catalog, after: to.catalog, kinds });
    await apply(place.session, steps);
  } catch (thrown) {
    return failed(thrown instanceof Refusal ? 'apply error' : 'plan error', describe(thrown), steps);
  }
  try {
    const reached = await place.look();
    const failure = judge(place.bench, from, reached, to, steps);
    return { failure, steps, reordered: reordered(reached.observation, to.observation) };
  } catch (thrown) {
    return failed('read error', describe(thrown), steps);
  }
}

function judge(bench: Bench, from: State, reached: State, to: State, steps: readonly Step[]): Failure | null {
  const { added, removed, changed } = diff(reached.catalog, to.catalog, kinds);
  const catalog = [
    ...added.map((fact) => `missing ${fact.id}`),
    ...removed.map((fact) => `too many ${fact.id}`),
    ...changed.map((pair) => `${pair.to.id} has other ${pair.attributes.join(', ')}`),
  ];
  const again = catalog.length === 0 ? plan({ before: reached.catalog, after: to.catalog, kinds }) : [];
  const still = new Set(to.observation.orders.keys());
  const findings: [Failure['reason'], string[]][] = [
    ['catalog differs', catalog],
    ['catalog differs', again.map((step) => `a second plan has ${step.sql}`)],
    ['observer differs', differences(reached.observation, to.observation, bench.observer.initial)],
    ['dump differs', dumpDifferences(reached.dump, to.dump)],
    ['rows lost', losses(from.rows, reached.rows, to.rows, still, steps)],
  ];
  const found = findings.find(([, lines]) => lines.length > 0);
  return found ? { reason: found[0], detail: found[1].join('\n') } : null;
}

function failed(reason: Failure['reason'], detail: string, steps: readonly Step[] = []): Verdict {
  return { failure: { reason, detail }, steps, reordered: [] };
}
