// A source is anything that can be compared or read, written the same way everywhere.
import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import { namingHolders } from '../ledger/lock-holders.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import type { SchemaPair } from '../model/schema-pair.ts';
import type { Connection, ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import type { Problems } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { maskUrl, redact, rememberSecret } from '../problem/redact.ts';
import { openOwnDatabase } from './embedded-database.ts';
import { listUps, readMigrations } from './migration-folder.ts';
import type { Project } from './project.ts';
import { enterSchema } from './schema-session.ts';
import { readWanted } from './schema-sources.ts';
import { readInShadow, replay } from './shadow-catalog.ts';
import { readFiles, shownPath, type TextFile } from './sql-files.ts';
import type { Workspace } from './workspace.ts';
import type { Target } from './world.ts';

/** The kinds of sources. */
type Place =
  | { readonly is: 'empty' }
  | { readonly is: 'migrations' }
  | { readonly is: 'path'; readonly path: string }
  | { readonly is: 'wanted' }
  | { readonly is: 'target'; readonly target: Target };

/**
 * Reads a source: `postgres://…`, an environment's name, a `.sql` file, a folder of them, `migrations`,
 * `empty`.
 * @throws Problem of the connection, of the files, `unknown_source`
 */
export async function readSource(workspace: Workspace, source: string): Promise<Catalog> {
  const place = await find(workspace, source);
  switch (place.is) {
    case 'empty': {
      // Objects of every new database are known here, where a schema file would only leave them out.
      const read = await replay(workspace, []);
      const facts = new Map([...emptyCatalog(read.major, kinds).facts, ...read.facts]);
      return withRelations(read, facts, () => read);
    }
    case 'path':
    case 'wanted':
      return replay(workspace, await readPlace(workspace.project, place));
    case 'migrations': {
      const files = await readMigrations(workspace.project);
      if (files.length === 0) await refuseNone(workspace.project);
      return replay(workspace, listUps(files), { inOrder: true });
    }
    case 'target':
      return withTarget(workspace, place.target, (connection) =>
        snapshot(connection, (reader) => readCatalog(reader, kinds)),
      );
  }
}

/**
 * Reads a state by other queries than those of a catalog: of a database, or of a shadow that loaded the files
 * of the source.
 * @param read runs in one snapshot
 * @throws Problem of the connection, of the files, `unknown_source`
 */
export async function readLive<T>(
  workspace: Workspace,
  source: string,
  read: (connection: Connection) => Promise<T>,
): Promise<T> {
  const place = await find(workspace, source);
  if (place.is === 'target')
    return withTarget(workspace, place.target, (connection) => snapshot(connection, read));
  if (place.is !== 'migrations') {
    const files = place.is === 'empty' ? [] : await readPlace(workspace.project, place);
    return readInShadow(workspace, { files }, read);
  }
  const files = listUps(await readMigrations(workspace.project));
  return readInShadow(workspace, { files, inOrder: true }, read);
}

/** The database that a source is; null for any other. @throws Problem `unknown_source` */
export async function findTarget(workspace: Workspace, source: string): Promise<Target | null> {
  const place = await find(workspace, source);
  return place.is === 'target' ? place.target : null;
}

/** Finds the database on a server that an option names. @throws Problem `bad_option`, `unknown_source` */
export async function resolveEnd(
  workspace: Workspace,
  option: string,
  given: string | undefined,
): Promise<Reachable> {
  if (given === undefined) {
    const example = option === '--from' ? '--from prod --to staging' : `${option} staging`;
    throw new Problem('bad_option', { option, reason: `it is missing. For example: ${example}` });
  }
  const target = await findTarget(workspace, given);
  if (target === null) throw new Problem('bad_option', { option, reason: `${given} is not a database` });
  const { url, schemas } = target;
  if (schemas !== undefined) throw new Problem('tenant_schema', { environment: target.name });
  if (url === null) {
    const reason = `${given} is an embedded database, which has no server`;
    throw new Problem('bad_option', { option, reason });
  }
  return { ...target, url };
}

/** The files of a source that consists of some, as texts; none for any other. @throws Problem of the files */
export async function readSourceFiles(workspace: Workspace, source: string): Promise<TextFile[]> {
  const place = await find(workspace, source);
  return place.is === 'path' || place.is === 'wanted' ? readPlace(workspace.project, place) : [];
}

function readPlace(project: Project, place: Extract<Place, { is: 'path' | 'wanted' }>): Promise<TextFile[]> {
  return place.is === 'path' ? readSchema(project, place.path) : readWanted(project);
}

// A folder that cannot be read is reported like any other one.
async function refuseNone({ root, migrations }: Project): Promise<void> {
  try {
    await readFiles(root, migrations);
  } catch (thrown) {
    const none = ['missing_file', 'empty_file'];
    if (!(thrown instanceof Problem) || !none.includes(thrown.code)) throw thrown;
    throw new Problem('no_migrations', { folder: shownPath(root, migrations) });
  }
}

// A missing default schema has another message than a missing file that the user named.
async function readSchema({ root, schema }: Project, path: string): Promise<TextFile[]> {
  try {
    return await readFiles(root, path);
  } catch (thrown) {
    if (path !== schema || !(thrown instanceof Problem) || thrown.code !== 'missing_file') throw thrown;
    throw new Problem('missing_schema', thrown.data as Problems['missing_schema']);
  }
}

/** A source as people may see it: no password, and paths relative to the project. */
export function describe({ root, schema, schemaSources }: Project, source: string): string {
  if (schemaSources !== undefined && source === schema) return source;
  if (isUrl(source)) return maskUrl(source).replace(/\?.*$/, '');
  if (!isPath(source)) return redact(source);
  const inside = relative(root, resolve(root, source));
  return redact(inside.startsWith('..') || inside === '' ? source : inside.replaceAll('\\', '/'));
}

/**
 * Lends a session on the database of an environment and closes it afterwards.
 * @param extensions extensions that the work will create: the embedded database loads only these
 * @throws Problem of the connection, of the work; `shadow_locked` for an embedded database in use
 */
export async function withTarget<T>(
  workspace: Workspace,
  target: Target,
  work: (connection: Connection) => Promise<T>,
  extensions: Iterable<string> = [],
): Promise<T> {
  const { url, schemas } = target;
  const connection =
    url === null ? await openOwnDatabase(workspace, extensions) : await openDatabase({ ...target, url });
  try {
    const done = async () =>
      work(schemas === undefined ? connection : await enterSchema(connection, schemas));
    return await (url === null
      ? done()
      : namingHolders({ open: () => openDatabase({ ...target, url }), mode: 'AccessShare' }, done));
  } finally {
    await connection.close();
  }
}

/** Opens a session on the whole database of a target, also of one that is a schema of it. */
export function openDatabase({ schemas: _, ...target }: Reachable): Promise<ServerConnection> {
  return openServer(target);
}

/** A target on a server, and what ends its session or the attempt to open it. */
export type Reachable = Target & { readonly url: string; readonly signal?: AbortSignal };

/**
 * Opens a session whose server notices a lost client even while it works. @throws Problem of the connection
 */
export async function openWatched(target: Reachable): Promise<ServerConnection> {
  const connection = await openServer(target);
  await watchClient(connection);
  return connection;
}

/** Makes the server of a session notice a lost client even while it works. Not every system can. */
export async function watchClient(connection: Connection): Promise<void> {
  await connection
    .execute(`select pg_catalog.set_config('client_connection_check_interval', '1s', false)`)
    .catch(() => undefined);
}

/** Opens a session on a server. @throws Problem `tenant_schema`; of the connection */
export async function openServer({
  name,
  schemas,
  url,
  found,
  connectTimeoutMs,
  stallTimeout,
  onSilence,
  signal,
}: {
  readonly name: string;
  readonly schemas?: SchemaPair;
  readonly url: string;
  readonly found?: string;
  readonly connectTimeoutMs?: number;
  readonly stallTimeout?: number;
  readonly onSilence?: (message: string) => void;
  readonly signal?: AbortSignal;
}): Promise<ServerConnection> {
  // Work on a whole database would be done on all tenants in it.
  if (schemas !== undefined) throw new Problem('tenant_schema', { environment: name });
  const { connect } = await import('../pg/connect.ts');
  const patience = {
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    ...(stallTimeout !== undefined && { stallTimeoutMs: stallTimeout }),
    ...(onSilence && { onSilence }),
    ...(signal && { signal }),
  };
  return connect({
    url,
    applicationName: 'pgmage',
    ...patience,
    ...(name && { name }),
    ...(found && { found }),
  });
}

async function find(workspace: Workspace, source: string): Promise<Place> {
  if (source === 'empty' || source === 'migrations') return { is: source };
  const { schema, schemaSources } = workspace.project;
  if (schemaSources !== undefined && source === schema) return { is: 'wanted' };
  rememberSecret(source);
  const { stallTimeout } = workspace.project;
  const limits = {
    ...(stallTimeout !== undefined && { stallTimeout }),
    onSilence: (message: string) => workspace.world.progress(message),
  };
  if (isUrl(source)) return { is: 'target', target: { name: '', url: source, protected: false, ...limits } };
  const path = resolve(workspace.project.root, source);
  if (isPath(source) && !(await isTenant(workspace, source))) return { is: 'path', path };
  try {
    return { is: 'target', target: await workspace.world.environment(source) };
  } catch (thrown) {
    // A folder may also have a plain name; environments come first, because they are more common.
    if (!(thrown instanceof Problem) || thrown.code !== 'unknown_environment') throw thrown;
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) return { is: 'path', path };
    throw thrown;
  }
}

function isUrl(source: string): boolean {
  return /^postgres(ql)?:\/\//i.test(source);
}

// `shops:eu/acme`: the name of a tenant may look like a path.
async function isTenant({ world }: Workspace, source: string): Promise<boolean> {
  const at = source.indexOf(':');
  return at > 0 && ((await world.tenants?.(source.slice(0, at))) ?? null) !== null;
}

function isPath(source: string): boolean {
  return /[/\\]|\.sql$/i.test(source) || source === '.' || source === '..';
}

/** The name of the database that a session is in. @throws Problem of the connection */
export async function readDatabaseName(connection: Connection): Promise<string> {
  const [row] = await queryPinned<{ name: string }>(connection, 'select current_database()::text as name');
  return (row as { name: string }).name;
}
