// A source is anything that can be compared or read, written the same way everywhere.
import { stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { readCatalog } from '../catalog/read.ts';
import { makeFolder } from '../config/file.ts';
import { kinds } from '../kinds/index.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import type { Connection, ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import type { Problems } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { maskUrl, redact, rememberSecret } from '../problem/redact.ts';
import { listUps, readMigrations } from './migration-folder.ts';
import type { Project } from './project.ts';
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
      // A problem of a folder without migrations is reported like that of any folder.
      const files = await readMigrations(workspace.project);
      if (files.length === 0) await readFiles(workspace.project.root, workspace.project.migrations);
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
  if (given === undefined) throw new Problem('bad_option', { option, reason: 'it is missing' });
  const target = await findTarget(workspace, given);
  if (target === null) throw new Problem('bad_option', { option, reason: `${given} is not a database` });
  const { url } = target;
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
 * The address of a target for display: its URL without password and parameters, or the embedded database's
 * folder.
 */
export function describeAddress(project: Project, { url }: Target): string {
  if (url === null) return `embedded, ${shownPath(project.root, project.embedded)}`;
  return maskUrl(url).replace(/\?.*$/, '');
}

// The parameters that lead to another database (fe-connect.c: PQconninfoOptions).
const leading = new Set(['host', 'hostaddr', 'port', 'dbname', 'user', 'service']);

/** The address of a target, by which a plan knows it again: also what the parameters of its URL say of it. */
export function identifyAddress(project: Project, target: Target): string {
  const query = /\?(.*)$/s.exec(target.url ?? '')?.[1] ?? '';
  const said = [...new URLSearchParams(query)].filter(([name]) => leading.has(name));
  return describeAddress(project, target) + (said.length > 0 ? `?${new URLSearchParams(said)}` : '');
}

/** A target as reports name it. */
export interface NamedTarget {
  readonly name: string;
  /** Its URL without password and parameters, or where the embedded database is. */
  readonly address: string;
  readonly protected: boolean;
}

/** A target in reports. */
export function nameTarget(project: Project, target: Target): NamedTarget {
  return { name: target.name, address: describeAddress(project, target), protected: target.protected };
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
  const { url } = target;
  const connection =
    url === null ? await embedded(workspace, extensions) : await openServer({ ...target, url });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** A target on a server. */
export type Reachable = Target & { readonly url: string };

/**
 * Opens a session whose server notices a lost client even while it works. @throws Problem of the connection
 */
export async function openWatched(target: Reachable): Promise<ServerConnection> {
  const connection = await openServer(target);
  // Not every system can.
  await connection
    .execute(`select pg_catalog.set_config('client_connection_check_interval', '1s', false)`)
    .catch(() => undefined);
  return connection;
}

/** Opens a session on a server. @throws Problem of the connection */
export async function openServer({
  name,
  url,
  found,
  connectTimeoutMs,
  stallTimeout,
  signal,
}: {
  readonly name: string;
  readonly url: string;
  readonly found?: string;
  readonly connectTimeoutMs?: number;
  readonly stallTimeout?: number;
  readonly signal?: AbortSignal;
}): Promise<ServerConnection> {
  const { connect } = await import('../pg/connect.ts');
  const patience = {
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    ...(stallTimeout !== undefined && { stallTimeoutMs: stallTimeout }),
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

async function embedded(workspace: Workspace, extensions: Iterable<string>): Promise<Connection> {
  const { openEmbedded } = await import('../shadow/embedded.ts');
  const { root, embedded } = workspace.project;
  // A database in .pgmage is not for version control. A failure is reported by what writes there.
  if (embedded.startsWith(join(root, '.pgmage'))) await makeFolder(root).catch(() => undefined);
  const progress = (message: string) => workspace.world.progress(message);
  return openEmbedded(embedded, {
    cacheDir: workspace.project.cacheDir,
    extensions,
    progress,
  });
}

async function find(workspace: Workspace, source: string): Promise<Place> {
  if (source === 'empty' || source === 'migrations') return { is: source };
  const { schema, schemaSources } = workspace.project;
  if (schemaSources !== undefined && source === schema) return { is: 'wanted' };
  rememberSecret(source);
  const limits =
    workspace.project.stallTimeout === undefined ? {} : { stallTimeout: workspace.project.stallTimeout };
  if (isUrl(source)) return { is: 'target', target: { name: '', url: source, protected: false, ...limits } };
  const path = resolve(workspace.project.root, source);
  if (isPath(source)) return { is: 'path', path };
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

function isPath(source: string): boolean {
  return /[/\\]|\.sql$/i.test(source) || source === '.' || source === '..';
}

/** The name of the database that a session is in. @throws Problem of the connection */
export async function readDatabaseName(connection: Connection): Promise<string> {
  const [row] = await queryPinned<{ name: string }>(connection, 'select current_database()::text as name');
  return (row as { name: string }).name;
}
