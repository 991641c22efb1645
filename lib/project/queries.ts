// Checks that the queries of a project compile against the wanted schema.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Connection } from '../pg/connection.ts';
import { locateProblem } from '../pg/server-problem.ts';
import { whileReading } from '../problem/file.ts';
import { formatPlace, type Where } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import { type Query, readQueries } from '../sql/queries.ts';
import { readWanted } from './schema-sources.ts';
import { inShadow } from './shadow-catalog.ts';
import { readFile, shownPath, type TextFile } from './sql-files.ts';
import { sqlcQueries } from './sqlc.ts';
import type { Workspace } from './workspace.ts';

/** A query that does not compile. */
export interface QueryFault {
  /** `queries/users.sql:12:8 GetUser: column "nme" does not exist` */
  readonly words: string;
  readonly where: Where;
}

/**
 * Prepares every query that the configuration or sqlc's names, in a shadow that holds the wanted schema.
 * @returns how many there are, and those that are refused; null: the project names none
 * @throws Problem of the schema and of the files; `bad_config` for sqlc's configuration
 */
export async function checkQueries(
  workspace: Workspace,
): Promise<{ readonly count: number; readonly faults: readonly QueryFault[] } | null> {
  const { root } = workspace.project;
  const paths = [...(workspace.project.queries ?? []), ...(await sqlcQueries(root))];
  if (paths.length === 0) return null;
  const files = await queryFiles(root, paths);
  const schema = await readWanted(workspace.project);
  const found = await Promise.all(
    files.map(async (file) => ({ file, ...(await readQueries(file.file, file.text)) })),
  );
  return inShadow(workspace, { files: schema }, [], async (connection, committed) => {
    // A dump leaves an empty one behind; programs begin with this.
    await connection.execute(`${committed ? 'begin; ' : ''}set search_path to default`);
    const faults: QueryFault[] = [];
    for (const { file, queries, problems } of found) {
      const own = problems.map(([name, problem]) => fault(name, problem));
      for (const query of queries) own.push(...(await compile(connection, file, query)));
      faults.push(...own.sort((a, b) => a.where.line - b.where.line));
    }
    if (committed) await connection.execute('rollback');
    const count = found.reduce((sum, { queries, problems }) => sum + queries.length + problems.length, 0);
    return { count, faults };
  });
}

const prefix = 'prepare pgmage_query as ';

async function compile(
  connection: Connection,
  { file, text }: TextFile,
  query: Query,
): Promise<QueryFault[]> {
  const { name, start, sql } = query;
  await connection.execute('savepoint query');
  try {
    await connection.execute(`${prefix}${sql}`);
    await connection.execute('deallocate pgmage_query');
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) throw thrown;
    return [fault(name, locateProblem(thrown, { file, text, offset: start - prefix.length }))];
  } finally {
    await connection.execute('rollback to query; release query');
  }
}

function fault(name: string | null, problem: Problem): QueryFault {
  const where = problem.where as Where;
  const words = 'message' in problem.data ? String(problem.data.message) : problem.message;
  return { where, words: `${formatPlace(where)}${name === null ? '' : ` ${name}`}: ${words}` };
}

// Files, folders (as sqlc reads them, without those inside), and patterns.
async function queryFiles(root: string, paths: readonly string[]): Promise<TextFile[]> {
  const found = new Set<string>();
  for (const path of paths) for (const one of await filesOf(root, path)) found.add(one);
  return Promise.all(
    [...found]
      .sort()
      .map(async (path) => ({ file: shownPath(root, path), text: await readFile(root, path) })),
  );
}

async function filesOf(root: string, path: string): Promise<string[]> {
  const shown = shownPath(root, resolve(root, path));
  if (path.includes('*')) {
    const fixed = path.slice(0, path.indexOf('*')).replace(/[^/]*$/, '');
    const folder = resolve(root, fixed);
    const names = await whileReading(shown, () => readdir(folder, { recursive: true }));
    const pattern = patternOf(path.slice(fixed.length));
    return names.filter((name) => pattern.test(name.replaceAll('\\', '/'))).map((name) => join(folder, name));
  }
  const whole = resolve(root, path);
  if (!(await whileReading(shown, () => stat(whole))).isDirectory()) return [whole];
  const names = await whileReading(shown, () => readdir(whole));
  return names.filter((name) => name.endsWith('.sql')).map((name) => join(whole, name));
}

// `*` matches any part of a name, `**/` any folders.
function patternOf(path: string): RegExp {
  const parts = path.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
