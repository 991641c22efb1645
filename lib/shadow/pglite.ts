// The shadow inside this process: PostgreSQL in WebAssembly, its files in memory.
import type { PGlite } from '@electric-sql/pglite';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { keepEventLoopAlive } from '../sql/keep-event-loop-alive.ts';
import { loadExtensions } from './extensions.ts';
import { describeError } from './failure.ts';
import { wrapPglite } from './pglite-connection.ts';
import { Queue } from './queue.ts';
import type { Ground, Shadow, ShadowOptions } from './shadow.ts';
import { addStandIns } from './stand-ins.ts';
import { loadTemplate, startParams } from './template.ts';

const nothing: Ground = { key: '', lay: async () => undefined };

/**
 * Starts it from the cached template.
 * @throws Problem `shadow_failed`
 */
export async function openPgliteShadow(options: ShadowOptions): Promise<Shadow> {
  const extensions = await loadExtensions(options.extensions ?? []);
  const instance = await Instance.start(options, extensions);
  const queue = new Queue();
  return {
    major: instance.connection.major,
    extensions: new Set(Object.keys(extensions)),
    // For a server inside this process.
    superuser: null,
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

// A running PGlite, and the ground that its open transaction stands on.
class Instance {
  readonly #options: ShadowOptions;
  readonly #extensions: object;
  #db: PGlite;
  #standing: string | undefined;
  connection: Connection;

  private constructor(options: ShadowOptions, extensions: object, db: PGlite, connection: Connection) {
    this.#options = options;
    this.#extensions = extensions;
    this.#db = db;
    this.connection = connection;
  }

  static async start(options: ShadowOptions, extensions: object): Promise<Instance> {
    const db = await start(options, extensions);
    return new Instance(options, extensions, db, await connect(db));
  }

  async restart(): Promise<void> {
    this.#standing = undefined;
    await this.#db.close();
    this.#db = await start(this.#options, this.#extensions);
    this.connection = await connect(this.#db);
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
    return this.#db.close();
  }
}

async function start(options: ShadowOptions, extensions: object): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite');
  const attempt = async (again: boolean) => {
    const loadDataDir = await loadTemplate(options.cacheDir, options.progress, again);
    return keepEventLoopAlive(() =>
      PGlite.create({ loadDataDir, startParams, extensions: { ...extensions } }),
    );
  };
  try {
    const db = await attempt(false).catch(() => attempt(true));
    addStandIns(db.Module.FS, options.extensions ?? []);
    return db;
  } catch (thrown) {
    throw new Problem('shadow_failed', { reason: describeError(thrown) });
  }
}

async function connect(db: PGlite): Promise<Connection> {
  const { rows } = await db.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  return wrapPglite(db, 'the shadow database', rows[0]?.major ?? 0);
}
