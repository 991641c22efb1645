// Whether a pair of schemas can be turned into one another, on a real server, by every judge there is.
import { readCatalog } from '../../lib/catalog/read.ts';
import { kinds } from '../../lib/kinds/index.ts';
import type { Step } from '../../lib/model/step.ts';
import type { ServerConnection } from '../../lib/pg/connection.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { type Database, withDatabase } from '../servers/databases.ts';
import type { Server } from '../servers/server.ts';
import { dump, pgDump } from './dump.ts';
import { type Failure, failed, migrate, type Place, type State, type Verdict } from './judgement.ts';
import { type Observation, Observer } from './observer.ts';
import { rowsIn } from './rows.ts';
import { apply, describe, load, withSession } from './session.ts';

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
          const from = new Whole(bench, oldDatabase, oldSession);
          const to = new Whole(bench, newDatabase, newSession);
          return (await prepare(pair, from, to)) ?? (await bothWays(pair, from, to, bench.observer.initial));
        }),
      ),
    ),
  );
}

async function prepare(pair: Pair, from: Whole, to: Whole): Promise<Proof | null> {
  for (const [place, name, files] of [
    [from, 'old', [pair.old, pair.seed]],
    [to, 'new', [pair.new, pair.seedNew]],
  ] as const) {
    try {
      await load(place.session, pair.roles.map((role) => `create role "${role}";`).join('\n'));
      for (const file of [pair.cluster, pair.setup, ...files]) await load(place.session, file);
      await place.session.execute('discard all');
    } catch (thrown) {
      return neither('not loadable', `${name}: ${describe(thrown)}`);
    }
    try {
      await place.look();
    } catch (thrown) {
      return neither('read error', `${name}: ${describe(thrown)}`);
    }
  }
  return null;
}

/** A pair of which neither direction can be tried. */
export function neither(reason: Failure['reason'], detail: string): Proof {
  return { up: failed(reason, detail), down: failed(reason, detail) };
}

async function bothWays(pair: Pair, from: Place, to: Place, initial: Observation): Promise<Proof> {
  const [old, wanted] = [from.state, to.state];
  const up = await migrate(from, wanted, initial);
  // The way back starts where the way there ended; where that was not reached, or rows were made for it, at a
  // fresh load.
  const back = up.failure === null ? await migrate(from, old, initial) : null;
  if (back?.failure) return { up, down: back };
  const fresh = back === null || pair.seedNew !== '' ? await migrate(to, old, initial) : back;
  return { up, down: fresh };
}

// A database of its own.
class Whole implements Place {
  readonly session: ServerConnection;
  readonly #bench: Bench;
  readonly #database: Database;
  #seen: State | undefined;

  constructor(bench: Bench, database: Database, session: ServerConnection) {
    this.#bench = bench;
    this.#database = database;
    this.session = session;
  }

  get state(): State {
    if (this.#seen === undefined) throw new Error('look first');
    return this.#seen;
  }

  async look(): Promise<State> {
    const { pgDump: program, observer } = this.#bench;
    this.#seen = {
      catalog: await snapshot(this.session, (connection) => readCatalog(connection, kinds)),
      observation: await observer.observe(this.session),
      dump: program === null ? [] : await dump(program, this.#database.socket),
      rows: await rowsIn(this.session),
    };
    return this.#seen;
  }

  apply(steps: readonly Step[]): Promise<void> {
    return apply(this.session, steps);
  }
}
