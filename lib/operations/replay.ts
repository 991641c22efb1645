// SQL files → the catalog of a database that was made from nothing but them.
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Connection } from '../pg/connection.ts';
import { readingSettings, snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem.ts';
import { pgliteVersion } from '../shadow/version.ts';
import type { SqlFile } from '../sql/parse.ts';
import { cached } from './cache.ts';
import type { Context } from './context.ts';
import type { TextFile } from './files.ts';
import { useShadow } from './shadows.ts';

/** How files are put together. */
export interface ReplayOptions {
  /** One after the other as they stand, as migrations are; otherwise in whatever order works. */
  readonly inOrder?: boolean;
}

// Refused inside a transaction: a new enum label used at once, a statement that must be alone, COMMIT in a procedure, more
// locks than the server has room for.
const needsCommit = new Set(['55P04', '25001', '2D000', '53200']);

/**
 * Loads files in a shadow and reads it. What was read before comes from the cache, without a shadow.
 * @throws Problem with file, line and caret
 */
export async function replay(
  context: Context,
  files: readonly TextFile[],
  { inOrder = false }: ReplayOptions = {},
): Promise<Catalog> {
  const texts = files.map(({ text }) => text);
  return cached(context, [await shadowName(context), inOrder ? 'in order' : 'any order', ...texts], () =>
    build(context, files, inOrder),
  );
}

/** What a catalog read in the shadow depends on besides its files: the version of its server. */
export async function shadowName({ shadow }: Context): Promise<string> {
  if (shadow === null) return `pglite ${pgliteVersion}`;
  const { connect } = await import('../pg/connect.ts');
  const server = await connect({ url: shadow, applicationName: 'pgmage shadow' });
  await server.close();
  return `${shadow} ${server.version}`;
}

/** Reads what is in a shadow's state, which is a transaction already. */
export async function readState(connection: Connection): Promise<Catalog> {
  await connection.rows(readingSettings);
  return readCatalog(connection, kinds);
}

async function build(context: Context, files: readonly TextFile[], inOrder: boolean): Promise<Catalog> {
  // Loaded here, because an unchanged schema needs none of it.
  const [{ parse }, { load }] = await Promise.all([import('../sql/parse.ts'), import('../shadow/load.ts')]);
  const parsed: SqlFile[] = [];
  for (const { file, text } of files) parsed.push(await parse(file, text));
  const loadAll = async (connection: Connection, committed: boolean) => {
    if (!inOrder) await load(connection, parsed, { committed });
    else for (const file of parsed) await load(connection, [file], { committed, anyOrder: false });
  };
  return useShadow(
    context,
    parsed.flatMap(({ extensions }) => extensions),
    async (shadow) => {
      try {
        return await shadow.state(async (connection) => {
          await loadAll(connection, false);
          return readState(connection);
        });
      } catch (thrown) {
        if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) throw thrown;
        if (!needsCommit.has(thrown.data.sqlstate)) throw thrown;
        return shadow.committed(async (connection) => {
          await loadAll(connection, true);
          return snapshot(connection, (reader) => readCatalog(reader, kinds));
        });
      }
    },
  );
}
