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
  let db = await start(options, extensions);
  let connection = await connect(db);
  const queue = new Queue();
  const restart = async () => {
    await db.close();
    db = await start(options, extensions);
    connection = await connect(db);
  };
  // The ground that the open transaction stands on.
  let standing: string | undefined;
  // If even that fails, the instance is broken, and a new one starts.
  const clear = async () => {
    standing = undefined;
    await connection.execute('rollback').catch(restart);
  };
  const stand = async ({ key, lay }: Ground) => {
    if (standing === key) return;
    if (standing !== undefined) await clear();
    await connection.execute('begin');
    try {
      await lay(connection);
    } catch (thrown) {
      await clear();
      throw thrown;
    }
    standing = key;
  };
  return {
    major: connection.major,
    extensions: new Set(Object.keys(extensions)),
    // Of a server that is nobody's, inside this process.
    superuser: null,
    state: (work, ground = nothing) =>
      queue.run(async () => {
        await stand(ground);
        try {
          await connection.execute('savepoint ground');
          return await work(connection);
        } finally {
          await connection.execute('rollback to ground; release ground').catch(clear);
        }
      }),
    committed: (work, ground) =>
      queue.run(async () => {
        if (ground !== undefined) await stand(ground);
        else if (standing !== undefined) await clear();
        try {
          if (ground !== undefined) await connection.execute('commit');
          return await work(connection);
        } finally {
          standing = undefined;
          await restart();
        }
      }),
    close: () => queue.run(() => db.close()),
  };
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
