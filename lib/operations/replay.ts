// SQL files → the catalog of a database that was made from nothing but them.
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import { asComplete, type Catalog } from '../model/catalog.ts';
import type { Connection } from '../pg/connection.ts';
import { readingSettings, snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem.ts';
import { pgliteVersion } from '../shadow/version.ts';
import type { SqlFile } from '../sql/parse.ts';
import { cached } from './cache.ts';
import type { Context } from './context.ts';
import type { TextFile } from './files.ts';
import { useShadow } from './shadows.ts';
import { prelude } from './supabase.ts';

/** How files are put together. */
export interface ReplayOptions {
  /** One after the other as they stand, as migrations are; otherwise in whatever order works. */
  readonly inOrder?: boolean;
}

// Refused inside a transaction: a new enum label used at once, a statement that must be alone, COMMIT in a procedure, more
// locks than the server has room for, a table altered before what was to be checked of its rows at the end.
const needsCommit = new Set(['55P04', '25001', '2D000', '53200', '55006']);

/**
 * Loads files in a shadow and reads it. What was read before comes from the cache, without a shadow.
 * @throws Problem with file, line and caret
 */
export async function replay(
  context: Context,
  given: readonly TextFile[],
  { inOrder = false }: ReplayOptions = {},
): Promise<Catalog> {
  const files = [...around(context), ...given];
  const content = await contentOf(context, files, inOrder);
  const catalog = await cached(context, content, () => build(context, files, inOrder));
  return inOrder ? asComplete(catalog) : catalog;
}

/** Keeps what files that stand in order were seen to add up to, so that they need not be replayed. */
export async function keepReplayed(
  context: Context,
  given: readonly TextFile[],
  catalog: Catalog,
): Promise<void> {
  const files = [...around(context), ...given];
  await cached(context, await contentOf(context, files, true), async () => catalog);
}

async function contentOf(
  context: Context,
  files: readonly TextFile[],
  inOrder: boolean,
): Promise<readonly string[]> {
  return [await shadowName(context), inOrder ? 'in order' : 'any order', ...files.map(({ text }) => text)];
}

/** What is loaded before everything else, because the schema is one for a certain host. */
export function around({ layout }: Pick<Context, 'layout'>): TextFile[] {
  return layout?.name === 'supabase' ? [prelude] : [];
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
  const parsed = await parseFiles(files);
  return inShadow(context, extensionsOf(parsed), async (connection, committed) => {
    // Loaded here, because an unchanged schema needs none of it.
    const { load } = await import('../shadow/load.ts');
    if (!inOrder) await load(connection, parsed, { committed });
    else for (const file of parsed) await load(connection, [file], { committed, anyOrder: false });
    return committed ? snapshot(connection, (reader) => readCatalog(reader, kinds)) : readState(connection);
  });
}

/** Parses files. @throws Problem `invalid_sql` with file, line and caret */
export async function parseFiles(files: readonly TextFile[]): Promise<SqlFile[]> {
  const { parse } = await import('../sql/parse.ts');
  const parsed: SqlFile[] = [];
  for (const { file, text } of files) parsed.push(await parse(file, text));
  return parsed;
}

/** The extensions that files create. */
export function extensionsOf(files: readonly SqlFile[]): string[] {
  return files.flatMap(({ extensions }) => extensions);
}

/**
 * Works in an empty shadow: in one transaction, or once more without one where a statement refuses that.
 * @throws Problem of the work
 */
export async function inShadow<T>(
  context: Context,
  extensions: Iterable<string>,
  work: (connection: Connection, committed: boolean) => Promise<T>,
): Promise<T> {
  return useShadow(context, extensions, async (shadow) => {
    try {
      return await shadow.state((connection) => work(connection, false));
    } catch (thrown) {
      if (!wantsCommit(thrown)) throw thrown;
      return shadow.committed((connection) => work(connection, true));
    }
  });
}

/** Whether something was refused because it stood in a transaction. */
export function wantsCommit(thrown: unknown): boolean {
  return thrown instanceof Problem && 'sqlstate' in thrown.data && needsCommit.has(thrown.data.sqlstate);
}
