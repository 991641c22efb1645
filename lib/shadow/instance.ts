// A database of our own that serves one state after the other: the transaction of a ground stays open, and
// what was committed is thrown away with the database.
import type { Connection } from '../pg/connection.ts';
import { Queue } from './queue.ts';
import type { Ground, Shadow } from './shadow.ts';

/** A database that was just started, empty. */
export interface StartedDatabase {
  readonly connection: Connection;
  /** Ends it, with its files. */
  close(): Promise<void>;
}

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

  constructor(start: () => Promise<StartedDatabase>, running: StartedDatabase) {
    this.#start = start;
    this.#running = running;
  }

  get connection(): Connection {
    return this.#running.connection;
  }

  async restart(): Promise<void> {
    this.#standing = undefined;
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
    if (this.#standing !== undefined && this.#standing === ground?.key) return;
    if (this.#standing !== undefined) await this.clear();
    if (ground === undefined) return;
    await this.connection.execute('begin');
    try {
      await ground.lay(this.connection);
    } catch (thrown) {
      await this.clear();
      throw thrown;
    }
    this.#standing = ground.key;
  }

  close(): Promise<void> {
    return this.#running.close();
  }
}
