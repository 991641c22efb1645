// The database of the service: embedded in the data folder, or on a shared PostgreSQL server.
import { join } from 'node:path';
import { connect } from '../pg/connect.ts';
import type { Connection } from '../pg/connection.ts';
import { transaction } from '../pg/transaction.ts';
import type { Code } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { openStoreThread } from './store-thread.ts';
import { serviceTables } from './tables.ts';

/**
 * The origin of work. The service's own comes first: a job that waits for its commit must not wait for a
 * thousand requests. After twenty works of its own, one request comes all the same.
 */
export type Turn = 'own' | 'request';

/** The database that holds jobs, events and the queue. Its work runs one after the other, in one session. */
export interface Store {
  readonly kind: 'embedded' | 'postgres';
  /**
   * Runs work in the session.
   * @throws Problem `queue_unavailable` if the database cannot be reached
   */
  use<T>(work: (session: Connection) => Promise<T>, turn?: Turn): Promise<T>;
  /** Runs work in a transaction. @throws Problem as `use` */
  change<T>(work: (session: Connection) => Promise<T>, turn?: Turn): Promise<T>;
  /** Runs work while no other process prepares this database. @throws Problem as `use`, and of the work */
  prepare(work: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** Asks whether the store takes changes. Questions meanwhile get the same answer. */
export function openStoreCheck({ change }: Pick<Store, 'change'>): () => Promise<boolean> {
  let running: Promise<boolean> | null = null;
  const check = () =>
    change((session) => session.rows('update service.counter set last = last'), 'request')
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        running = null;
      });
  return () => {
    running ??= check();
    return running;
  };
}

/** The place of the store. */
export interface StorePlace {
  /** A postgres:// URL; null: embedded. */
  readonly url: string | null;
  /** The data folder of the service. */
  readonly folder: string;
  readonly cacheDir: string;
  progress(message: string): void;
}

// Works of the service in a row while a request waits.
const mostInRow = 20;

// Problems after which the session is opened again.
const lostCodes: ReadonlySet<Code> = new Set([
  'connection_lost',
  'connection_refused',
  'connection_timeout',
  'server_unavailable',
  'too_many_connections',
  'host_not_found',
  'shadow_failed',
]);

/**
 * Opens the store and makes its tables. An embedded one belongs to one process at a time.
 * @throws Problem `service_running`, `embedded_damaged`; of the connection
 */
export async function openStore(place: StorePlace): Promise<Store> {
  const open = () => (place.url === null ? openOwn(place) : openShared(place.url));
  const session = new Session(open, await open());
  const store: Store = {
    kind: place.url === null ? 'embedded' : 'postgres',
    use: (work, turn) => session.use(work, turn),
    change: (work, turn) =>
      session.use((connection) => transaction(connection, () => work(connection)), turn),
    prepare: (work) => whilePreparing(place.url, work),
    close: () => session.close(),
  };
  await store
    .prepare(() => store.change((connection) => connection.execute(serviceTables)))
    .catch(async (thrown: unknown) => {
      await store.close();
      throw thrown;
    });
  return store;
}

function openOwn({ folder, cacheDir, progress }: StorePlace): Promise<Connection> {
  const refusal = () => new Problem('service_running', { folder });
  return openStoreThread({ directory: join(folder, 'queue'), cacheDir, progress, refusal });
}

async function openShared(url: string): Promise<Connection> {
  const name = 'the queue of the service';
  const session = await connect({ url, name, applicationName: 'pgmage serve', stallTimeoutMs: 10_000 });
  // A job that was accepted survives a crash of the server, however the database is set.
  await session.execute(`select pg_catalog.set_config('synchronous_commit', 'on', false)`);
  return session;
}

// Not every version knows each of them.
const withoutLimits = `select pg_catalog.set_config(name, '0', true) from pg_catalog.pg_settings
  where name in ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout',
    'transaction_timeout')`;

// Services that start at once on a new database would create the same objects. The lock has a session of its
// own: a transaction that has waited for an advisory lock may still take a new schema for missing.
async function whilePreparing(url: string | null, work: () => Promise<unknown>): Promise<void> {
  // An embedded database belongs to this process.
  if (url === null) {
    await work();
    return;
  }
  const keeper = await openShared(url);
  try {
    await transaction(keeper, async () => {
      // It waits for another service, and is idle during the work.
      await keeper.execute(withoutLimits);
      await keeper.execute('select pg_catalog.pg_advisory_xact_lock(7241865325823965)');
      await work();
    });
  } finally {
    await keeper.close();
  }
}

// One session, opened again after it was lost, and used by one work at a time.
class Session {
  readonly #open: () => Promise<Connection>;
  #connection: Connection | null;
  readonly #waiting: Readonly<Record<Turn, (() => Promise<void>)[]>> = { own: [], request: [] };
  #ownInRow = 0;
  #isBusy = false;
  #isClosed = false;

  constructor(open: () => Promise<Connection>, connection: Connection) {
    this.#open = open;
    this.#connection = connection;
  }

  use<T>(work: (session: Connection) => Promise<T>, turn: Turn = 'own'): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting[turn].push(() => this.#run(work).then(resolve, reject));
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // All that waits is refused before this.
    await this.use(async () => undefined, 'request').catch(() => undefined);
    await this.#connection?.close();
    this.#connection = null;
  }

  #next(): void {
    if (this.#isBusy) return;
    const next = this.#takeNext();
    if (next === undefined) return;
    this.#isBusy = true;
    void next().finally(() => {
      this.#isBusy = false;
      this.#next();
    });
  }

  #takeNext(): (() => Promise<void>) | undefined {
    const { own, request } = this.#waiting;
    const isOwn = own.length > 0 && (request.length === 0 || this.#ownInRow < mostInRow);
    this.#ownInRow = isOwn && request.length > 0 ? this.#ownInRow + 1 : 0;
    return isOwn ? own.shift() : request.shift();
  }

  async #run<T>(work: (session: Connection) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new Problem('queue_unavailable', { reason: 'the service stops' });
    try {
      this.#connection ??= await this.#open();
      return await work(this.#connection);
    } catch (thrown) {
      if (!(thrown instanceof Problem) || !lostCodes.has(thrown.code)) throw thrown;
      await this.#connection?.close().catch(() => undefined);
      this.#connection = null;
      throw new Problem('queue_unavailable', { reason: thrown.message }, { cause: thrown });
    }
  }
}
