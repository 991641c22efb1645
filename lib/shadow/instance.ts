// A database of our own that serves one state after the other: the transaction of a ground stays open, and
// what was committed is thrown away with the database.
import { quote } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { Queue } from './queue.ts';
import type { Ground, Shadow } from './shadow.ts';

/** A database that was just started, empty. */
export interface StartedDatabase {
  readonly connection: Connection;
  /** Frees what earlier transactions left; left out: its server does that by itself. */
  tidy?(): Promise<void>;
  /** Ends it, with its files. */
  close(): Promise<void>;
}

// Each state leaves about half a megabyte: WAL, files of tables, dead rows of catalogs.
const tidyEvery = 32;

const nothing: Ground = { key: '', lay: async () => undefined };

/**
 * Starts a database and lends its states.
 * @param start starts one; it is called again where a database has to be thrown away
 * @throws Problem of `start`
 */
export async function openStates(
  start: () => Promise<StartedDatabase>,
): Promise<Pick<Shadow, 'major' | 'state' | 'committed' | 'close'>> {
  const instance = new Instance(start, await start());
  const queue = new Queue();
  return {
    major: instance.connection.major,
    state: (work, ground = nothing) =>
      queue.run(async () => {
        await instance.stand(ground);
        const { connection } = instance;
        try {
          await connection.execute('savepoint ground');
          return await work(connection);
        } finally {
          await connection.execute('rollback to ground; release ground').catch(() => instance.clear());
          await instance.tidy();
        }
      }),
    committed: (work, ground) =>
      queue.run(async () => {
        await instance.stand(ground);
        try {
          if (ground !== undefined) await instance.connection.execute('commit');
          return await work(instance.connection);
        } finally {
          await instance.restart();
        }
      }),
    close: () => queue.run(() => instance.close()),
  };
}

// A running database, and the ground that its open transaction stands on.
class Instance {
  readonly #start: () => Promise<StartedDatabase>;
  #running: StartedDatabase;
  #standing: string | undefined;
  #states = 0;
  #tablespaces = new Set<string>();

  constructor(start: () => Promise<StartedDatabase>, running: StartedDatabase) {
    this.#start = start;
    this.#running = running;
  }

  get connection(): Connection {
    return this.#running.connection;
  }

  async restart(): Promise<void> {
    this.#standing = undefined;
    this.#tablespaces = new Set();
    await this.#running.close();
    this.#running = await this.#start();
  }

  /** Ends the open transaction. If even that fails, the instance is broken, and a new one starts. */
  async clear(): Promise<void> {
    this.#standing = undefined;
    await this.connection.execute('rollback').catch(() => this.restart());
  }

  /** Lays a ground in a transaction, unless it is there; undefined: none, and no transaction. */
  async stand(ground: Ground | undefined): Promise<void> {
    const tablespaces = (ground?.tablespaces ?? []).filter((name) => !this.#tablespaces.has(name));
    const isFit = tablespaces.length === 0 && this.#standing !== undefined;
    if (isFit && this.#standing === ground?.key) return;
    if (this.#standing !== undefined) await this.clear();
    if (ground === undefined) return;
    for (const name of tablespaces) await this.#addTablespace(name);
    await this.connection.execute('begin');
    try {
      await ground.lay(this.connection);
    } catch (thrown) {
      await this.clear();
      throw thrown;
    }
    this.#standing = ground.key;
  }

  /** Tidies up after so many states. The next one lays its ground again. */
  async tidy(): Promise<void> {
    this.#states++;
    if (this.#running.tidy === undefined || this.#states % tidyEvery !== 0) return;
    await this.clear();
    await this.#running.tidy().catch(() => this.restart());
  }

  // In the data directory, where they go with it (manual: allow_in_place_tablespaces). PostgreSQL refuses to
  // make one in a transaction.
  async #addTablespace(name: string): Promise<void> {
    await this.connection.execute('set allow_in_place_tablespaces = on');
    await this.connection.execute(`create tablespace ${quote(name)} location ''`);
    await this.connection.execute('reset allow_in_place_tablespaces');
    this.#tablespaces.add(name);
  }

  close(): Promise<void> {
    return this.#running.close();
  }
}
