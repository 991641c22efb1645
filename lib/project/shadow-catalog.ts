// SQL files → the catalog of a database that was made from nothing but them.
import { createHash } from 'node:crypto';
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import { supabasePrelude } from '../kinds/supabase.ts';
import { type Catalog, markComplete, markLoaded, withoutFacts } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Connection } from '../pg/connection.ts';
import { readingSettings, snapshot } from '../pg/snapshot.ts';
import { locate } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import { isNamedIn } from '../shadow/own-roles.ts';
import type { Shadow } from '../shadow/shadow.ts';
import type { SqlFile } from '../sql/parse.ts';
import { findIgnored, type IgnoredPart } from '../sql/psql-commands.ts';
import { type ReadShadow, readGuarded, refuseOutsideExternal } from './external.ts';
import type { Project } from './project.ts';
import { readFiles, type TextFile } from './sql-files.ts';
import type { TrialStart } from './trial-start.ts';
import type { Workspace } from './workspace.ts';
import type { World } from './world.ts';

// Statements that the server refuses inside a transaction: a new enum label used at once, a statement that
// must run alone, COMMIT in a procedure, more locks than the server has room for, a table altered before
// deferred checks of its rows.
const needsCommit = new Set(['55P04', '25001', '2D000', '53200', '55006']);

/**
 * Loads files in a shadow and reads it. Catalogs that were read before come from the cache.
 *
 * The reserved role runs the files, because the actual role is unknown: `settle` replaces it by the role of a
 * database. If the files name that role, this is not enough: to the server they are two roles, each with its
 * own default privileges and grants. Then that role runs the files. The reserved role shows which owners are
 * left open: it owns those objects.
 * @param role of the database that the catalog is compared with
 * @throws Problem with file, line and caret
 */
export async function replay(
  workspace: Workspace,
  given: readonly TextFile[],
  { inOrder = false, asPsql = false, role = null, ofDatabase = false }: Omit<TrialStart, 'files'> = {},
): Promise<Catalog> {
  const around = await readSurrounding(workspace.project);
  const as = role !== null && isNamed(role, [...around, ...given]) ? role : null;
  const start = { files: given, inOrder, asPsql, ofDatabase };
  const way = asPsql ? 'by psql' : inOrder ? 'in order' : 'any order';
  const content = await contentOf(workspace, given, way);
  const open = await workspace.catalogs.get(content, () => {
    if (!inOrder) for (const file of given) noteIgnored(workspace.world, file);
    return build(workspace, start);
  });
  const run = () => build(workspace, { ...start, role: as });
  const catalog =
    as === null ? open : leftOpen(await workspace.catalogs.get([...content, `run by ${as}`], run), open);
  const loaded = markLoaded(catalog, { files: given, inOrder, asPsql, as, ofDatabase });
  return inOrder ? markComplete(loaded) : loaded;
}

// Nothing of a schema file is left out in silence. The note appears when the file is read, not again while it
// is unchanged.
function noteIgnored({ note }: World, { file, text }: TextFile): void {
  const found = findIgnored(text);
  const lines = found.map(({ what, index }) => `${what} at line ${locate(file, text, index).line}`);
  if (lines.length === 0) return;
  const shown =
    lines.length > 3 ? `${lines.slice(0, 3).join(', ')} and ${lines.length - 3} more` : lines.join(', ');
  const isCommand = ({ what }: IgnoredPart) => what.startsWith('\\');
  const reasons = [
    ...(found.every(isCommand) ? [] : ['rows are not part of a schema']),
    ...(found.some(isCommand) ? ['a schema file describes one database'] : []),
  ];
  note?.(`${file}: pgmage ignores ${shown}: ${reasons.join(', and ')}`);
}

/**
 * A catalog that was loaded from files, as it is where a role runs these; any other as it is. @throws Problem
 * of the shadow
 */
export async function markRole(
  workspace: Workspace,
  catalog: Catalog,
  role: string | null,
): Promise<Catalog> {
  const { loaded = null } = catalog;
  if (loaded === null || role === null || loaded.as === role) return catalog;
  const around = await readSurrounding(workspace.project);
  if (loaded.as === null && !isNamed(role, [...around, ...loaded.files])) return catalog;
  return replay(workspace, loaded.files, { ...loaded, role });
}

// True if files name a role in other statements than those that give it objects, which have the same effect
// for any role.
function isNamed(role: string, files: readonly TextFile[]): boolean {
  return files.some(({ text }) => isNamedIn(text.replace(/\bowner(?::| to) ("?)([^\s;"]+)\1/gi, ''), role));
}

// Without the parts that the same files left open when another role ran them (`reconcile.optional`).
function leftOpen(catalog: Catalog, open: Catalog): Catalog {
  const isSaid = (fact: Fact) =>
    open.facts.has(fact.id) || !kinds.get(fact.kind)?.reconcile?.optional?.(fact, catalog);
  const unsaid = [...catalog.facts.values()].filter((fact) => !isSaid(fact));
  return withoutFacts(catalog, new Set(unsaid.map(({ id }) => id)));
}

/** Caches the resulting catalog of ordered files, so that they need not be replayed. */
export async function keepReplayed(
  workspace: Workspace,
  given: readonly TextFile[],
  catalog: Catalog,
): Promise<void> {
  await workspace.catalogs.get(await contentOf(workspace, given, 'in order'), async () => catalog);
}

async function contentOf(
  { project, shadows }: Workspace,
  given: readonly TextFile[],
  way: 'in order' | 'any order' | 'by psql',
): Promise<readonly string[]> {
  const around = await readSurrounding(project);
  const schemas = Object.keys(project.external ?? {});
  const texts = [...around, ...given].map(({ text }) => text);
  // A file may move from one list to the next.
  const counts = schemas.length === 0 ? [] : [JSON.stringify([schemas.length, around.length])];
  return [await shadows.describe(), way, ...counts, ...schemas, ...texts];
}

/**
 * Reads the files to load first, because the schema is made for a certain host, or refers to schemas that
 * another program manages.
 * @throws Problem of the files
 */
export async function readSurrounding(
  project: Pick<Project, 'root' | 'layout' | 'external'>,
): Promise<TextFile[]> {
  const { root, layout, external = {} } = project;
  const host = layout?.name === 'supabase' ? [supabasePrelude] : [];
  const paths = [...new Set(Object.values(external))];
  return [...host, ...(await Promise.all(paths.map((path) => readFiles(root, path)))).flat()];
}

/**
 * Reads the state of a shadow, which is in a transaction already.
 * @param read default: reads all of it
 */
export async function readState(connection: Connection, read: ReadShadow = readWhole): Promise<Catalog> {
  await connection.execute(readingSettings);
  return read(connection);
}

const readWhole: ReadShadow = (connection) => readCatalog(connection, kinds);

/**
 * Makes the reader of a shadow that is brought to a start: without the schemas that another program manages.
 * It throws Problem `external_changed`.
 * @throws Problem `external_outside`; of their files
 */
export async function makeReader(workspace: Workspace, { role = null }: TrialStart): Promise<ReadShadow> {
  const { project } = workspace;
  if (project.external === undefined) return readWhole;
  const content = [...(await contentOf(workspace, [], 'any order')), `external of ${role}`];
  const around = await workspace.catalogs.get(content, async () => {
    const { external: _, ...host } = project;
    const start = { files: [], role };
    const before = await readInShadow({ ...workspace, project: host }, start, readWhole);
    const whole = await readInShadow(workspace, start, readWhole);
    refuseOutsideExternal(project, before, whole);
    return whole;
  });
  return readGuarded(project, around);
}

async function build(workspace: Workspace, start: TrialStart): Promise<Catalog> {
  return readInShadow(workspace, start, await makeReader(workspace, start));
}

/** Reads the state of a shadow that was brought to a start. @throws Problem of the files, with its place */
export function readInShadow<T>(
  workspace: Workspace,
  start: TrialStart,
  read: (connection: Connection) => Promise<T>,
): Promise<T> {
  return inShadow(workspace, start, [], async (connection, committed) => {
    if (committed) return snapshot(connection, read);
    await connection.execute(readingSettings);
    return read(connection);
  });
}

// A big schema takes a second, and is loaded and then worked on.
const known = new WeakMap<TextFile, SqlFile>();

/** Parses files. @throws Problem `invalid_sql` with file, line and caret */
export async function parseFiles(files: readonly TextFile[]): Promise<SqlFile[]> {
  const { parseSql: parse } = await import('../sql/parse.ts');
  const parsed: SqlFile[] = [];
  for (const file of files) {
    const one = known.get(file) ?? (await parse(file.file, file.text));
    known.set(file, one);
    parsed.push(one);
  }
  return parsed;
}

/** The extensions that files create. */
export function listExtensions(files: readonly SqlFile[]): string[] {
  return files.flatMap(({ extensions }) => extensions);
}

/** The tablespaces that files name. */
export function listTablespaces(files: readonly SqlFile[]): string[] {
  return [...new Set(files.flatMap(({ tablespaces }) => tablespaces))];
}

/**
 * Runs work in a shadow that was brought to a start: in one transaction, or again without one if a statement
 * refuses it.
 * @param more the files that the work will run
 * @throws Problem of the files, with its place; of the work
 */
export async function inShadow<T>(
  workspace: Workspace,
  start: TrialStart,
  more: readonly SqlFile[],
  work: (connection: Connection, committed: boolean) => Promise<T>,
): Promise<T> {
  const around = await parseFiles(await readSurrounding(workspace.project));
  const files = await parseFiles(start.files);
  const first = [...around, ...files];
  const rest = await parseFiles(start.next ?? []);
  const { key, lay } = await groundOf(start, around, files);
  const tablespaces = listTablespaces([...first, ...rest, ...more]);
  const worked = async (connection: Connection, committed: boolean) => {
    await runInOrder(connection, rest, committed);
    return work(connection, committed);
  };
  const run = async (shadow: Shadow): Promise<T> => {
    let refused = false;
    const ground = {
      key,
      tablespaces,
      lay: (connection: Connection) =>
        lay(connection, false).catch((thrown: unknown) => {
          refused = true;
          throw thrown;
        }),
    };
    try {
      return await shadow.state((connection) => worked(connection, false), ground);
    } catch (thrown) {
      if (!wantsCommit(thrown)) throw thrown;
      // The existing state only needs a commit.
      if (!refused) return shadow.committed((connection) => worked(connection, true), ground);
      const layAndWork = (connection: Connection) =>
        lay(connection, true).then(() => worked(connection, true));
      return shadow.committed(layAndWork, { key: '', tablespaces, lay: async () => undefined });
    }
  };
  return workspace.shadows.use(listExtensions([...first, ...rest, ...more]), run, start);
}

// How a shadow is brought to a start, and the name of the state that this gives.
async function groundOf(
  { inOrder = false, asPsql = false, role = null }: TrialStart,
  around: readonly SqlFile[],
  files: readonly SqlFile[],
): Promise<{ key: string; lay(connection: Connection, committed: boolean): Promise<void> }> {
  // Loaded here, because an unchanged schema needs none of it.
  const { loadFiles } = await import('../shadow/load.ts');
  const texts = [around, files].map((list) => list.map(({ text }) => text));
  const key = createHash('sha256').update(JSON.stringify([inOrder, asPsql, role, ...texts]));
  return {
    key: key.digest('hex'),
    lay: async (connection, committed) => {
      if (inOrder) return runInOrder(connection, [...around, ...files], committed, role);
      // psql keeps settings from file to file, and these files are not its own.
      if (asPsql) await loadFiles(connection, around, { committed, role });
      await loadFiles(connection, asPsql ? files : [...around, ...files], { committed, asPsql, role });
    },
  };
}

/** Runs files one after the other, as migrations do. @throws Problem with file, line and caret */
export async function runInOrder(
  connection: Connection,
  files: readonly SqlFile[],
  committed: boolean,
  role: string | null = null,
): Promise<void> {
  const { loadFiles: load } = await import('../shadow/load.ts');
  for (const file of files) {
    await load(connection, [file], { committed, role, anyOrder: false });
    // Pending deferred checks of rows would block the next statement.
    if (!committed) await connection.execute('set constraints all immediate');
  }
}

/** True if a statement was refused because it was in a transaction. */
export function wantsCommit(thrown: unknown): boolean {
  return thrown instanceof Problem && 'sqlstate' in thrown.data && needsCommit.has(thrown.data.sqlstate);
}
