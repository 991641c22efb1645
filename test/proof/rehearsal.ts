// The same proof at a fraction of the cost: in one database, in transactions that are rolled back. Only what
// cannot be done in a transaction has to go to databases of its own.
import { readCatalog } from '../../lib/catalog/read.ts';
import { kinds } from '../../lib/kinds/index.ts';
import type { Step } from '../../lib/model/step.ts';
import type { Connection, ServerConnection } from '../../lib/pg/connection.ts';
import { readingSettings } from '../../lib/pg/snapshot.ts';
import { freshDatabase } from '../servers/databases.ts';
import { userSession } from '../servers/session.ts';
import { migrate, type Place, type State, Untransactional, type Verdict } from './judgement.ts';
import { prepared } from './prepared.ts';
import { type Bench, neither, type Pair, type Proof } from './proof.ts';
import { rowsIn } from './rows.ts';
import { statementsOf } from './script.ts';
import { describe, load, run } from './session.ts';

/** What came of a pair, and whether a direction was proven without rows in the end. */
export interface Rehearsed {
  readonly proof: Proof;
  readonly rowless: boolean;
}

/** A database for pairs with the same setup, one after the other. */
export class Stage implements Place {
  readonly #bench: Bench;
  readonly #session: ServerConnection;
  readonly #reader: Connection;
  readonly #drop: () => Promise<void>;
  #observed = false;
  #rowless = false;
  #seen: State | undefined;

  private constructor(bench: Bench, session: ServerConnection, drop: () => Promise<void>) {
    this.#bench = bench;
    this.#session = session;
    this.#reader = prepared(session);
    this.#drop = drop;
  }

  /** Makes one; `close` drops it. */
  static async open(bench: Bench, { roles, setup }: Pick<Pair, 'roles' | 'setup'>): Promise<Stage> {
    const database = await freshDatabase(bench.server);
    const session = await userSession({ url: database.socket, applicationName: 'pgmage tests' });
    for (const role of roles) await load(session, `create role "${role}"`);
    await session.execute(setup);
    return new Stage(bench, session, database.drop);
  }

  async close(): Promise<void> {
    await this.#session.close();
    await this.#drop();
  }

  get state(): State {
    if (this.#seen === undefined) throw new Error('look first');
    return this.#seen;
  }

  /**
   * Proves a pair in both directions.
   * @param observed whether the observer is asked, too
   * @returns null where a plan has steps that no transaction can hold, which an enum made in the same one can
   */
  async prove(pair: Pair, observed: boolean): Promise<Rehearsed | null> {
    this.#observed = observed;
    this.#rowless = false;
    try {
      const wanted = await this.#at('new', pair.new, pair.seedNew, async () => this.state);
      const there = await this.#at('old', pair.old, pair.seed, () => this.#thereAndBack(wanted, pair));
      const down =
        there.down ?? (await this.#at('new', pair.new, pair.seedNew, () => this.#migrate(there.old)));
      return { proof: { up: there.up, down }, rowless: this.#rowless };
    } catch (thrown) {
      if (thrown instanceof Untransactional) return null;
      if (thrown instanceof Unusable)
        return { proof: neither(thrown.reason, thrown.message), rowless: false };
      throw thrown;
    }
  }

  async look(): Promise<State> {
    const session = this.#session;
    // Going back to the savepoint, settings are again as they were.
    await session.execute(`savepoint look; ${readingSettings}`);
    const catalog = await readCatalog(this.#reader, kinds);
    const observation = this.#observed ? await this.#bench.observer.observeIn(this.#reader) : null;
    const rows = await rowsIn(session, this.#reader);
    await session.execute('rollback to look');
    this.#seen = { catalog, observation, dump: [], rows };
    return this.#seen;
  }

  async apply(steps: readonly Step[]): Promise<void> {
    const session = this.#session;
    await session.execute('set local check_function_bodies = off; savepoint apply');
    try {
      // All at once is cheaper than to ask which one is refused.
      if (steps.length > 0) await session.execute(steps.map(({ sql }) => sql).join('\n;\n'));
    } catch {
      await session.execute('rollback to apply');
      await run(session, steps).catch((thrown) => {
        throw steps.every(({ transactional }) => transactional) ? thrown : new Untransactional();
      });
    }
    await session.execute('set constraints all immediate; set local check_function_bodies = on');
  }

  // Down is null where it has to start at a fresh load.
  async #thereAndBack(wanted: State, pair: Pair): Promise<{ old: State; up: Verdict; down: Verdict | null }> {
    const old = this.state;
    const up = await this.#migrate(wanted);
    const down = up.failure === null ? await this.#migrate(old) : null;
    return { old, up, down: down?.failure === null && pair.seedNew !== '' ? null : down };
  }

  // Where rows are in the way of a step that says so, they are taken away and it is tried again.
  async #migrate(to: State): Promise<Verdict> {
    const from = this.state;
    const { initial } = this.#bench.observer;
    await this.#session.execute('savepoint start');
    const verdict = await migrate(this, to, initial);
    if (!verdict.failure?.foretold) return verdict;
    const tables = [...from.rows.tables.keys()].join(', ');
    await this.#session.execute(`rollback to start; truncate ${tables} cascade`);
    this.#seen = { ...from, rows: { ...from.rows, tables: new Map() } };
    this.#rowless = true;
    return migrate(this, to, initial);
  }

  // Loads a state, does something with it, and takes everything back.
  async #at<T>(name: string, schema: string, seed: string, work: () => Promise<T>): Promise<T> {
    const session = this.#session;
    await session.execute('begin');
    try {
      const statements = [...statementsOf(schema), ...statementsOf(seed)];
      await attempt('not loadable', name, () => session.execute(statements.join('\n;\n')));
      // What is left to be checked at the end of a transaction stands in the way of ALTER TABLE.
      await attempt('not loadable', name, () => session.execute('set constraints all immediate'));
      await attempt('read error', name, () => this.look());
      return await work();
    } finally {
      await session.execute('rollback');
    }
  }
}

class Unusable extends Error {
  readonly reason: 'not loadable' | 'read error';

  constructor(reason: Unusable['reason'], name: string, cause: unknown) {
    super(`${name}: ${describe(cause)}`);
    this.reason = reason;
  }
}

async function attempt(reason: Unusable['reason'], name: string, work: () => Promise<unknown>) {
  try {
    await work();
  } catch (thrown) {
    throw new Unusable(reason, name, thrown);
  }
}
