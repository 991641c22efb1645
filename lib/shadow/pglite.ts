// The shadow inside this process: PostgreSQL in WebAssembly, its files in memory.
import type { PGlite } from '@electric-sql/pglite';
import { Problem } from '../problem/problem.ts';
import { startWasm } from '../sql/start-wasm.ts';
import { loadExtensions } from './extensions.ts';
import { describeError } from './failure.ts';
import { openStates, type StartedDatabase } from './instance.ts';
import { createMemoryFiles } from './memory-files.ts';
import { wrapPglite } from './pglite-connection.ts';
import type { Shadow, ShadowOptions } from './shadow.ts';
import { addStandIns } from './stand-ins.ts';
import { loadTemplate, startParams } from './template.ts';

/**
 * Starts it from the cached template.
 * @throws Problem `shadow_failed`
 */
export async function openPgliteShadow(options: ShadowOptions): Promise<Shadow> {
  const extensions = await loadExtensions(options.extensions ?? []);
  const states = await openStates(async () => started(await start(options, extensions)));
  return {
    ...states,
    extensions: new Set(Object.keys(extensions)),
    // For a server inside this process.
    superuser: null,
  };
}

async function start(options: ShadowOptions, extensions: object): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite');
  const attempt = async (again: boolean) => {
    const template = await loadTemplate(options.cacheDir, options.progress, again);
    const fs = await createMemoryFiles(template, PGlite.paths.PGDATA);
    return startWasm(() => PGlite.create({ fs, startParams, extensions: { ...extensions } }));
  };
  try {
    const db = await attempt(false).catch(() => attempt(true));
    addStandIns(db.Module.FS, options.extensions ?? []);
    return db;
  } catch (thrown) {
    throw new Problem('shadow_failed', { reason: describeError(thrown) });
  }
}

async function started(db: PGlite): Promise<StartedDatabase> {
  const { rows } = await db.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  const connection = wrapPglite(db, 'the shadow database', rows[0]?.major ?? 0);
  return {
    connection,
    // Its files are memory. Without a postmaster nothing is vacuumed, and no checkpoint removes WAL (source:
    // XLogWrite in xlog.c).
    tidy: async () => {
      await connection.execute('vacuum');
      await connection.execute('checkpoint');
    },
    close: () => connection.close(),
  };
}
