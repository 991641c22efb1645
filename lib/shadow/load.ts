// Loads SQL files in any order that works, and locates the statements that fail.

import { literal, quote } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { locateProblem } from '../pg/server-problem.ts';
import { Problem } from '../problem/problem.ts';
import type { ParsedStatement, SqlFile } from '../sql/parse.ts';

/** The options of a load. */
export interface LoadOptions {
  /** Statements that miss something are tried again after the others. Default: true. False for migrations. */
  readonly anyOrder?: boolean;
  /** One statement after the other, with checked bodies, as `psql -f` loads files. Default: false. */
  readonly asPsql?: boolean;
  /** The connection is in no transaction (`Shadow.committed`): every statement is its own. Default: false. */
  readonly committed?: boolean;
  /** The role that runs them, created where it is missing; default: the session's. */
  readonly role?: string | null;
  /** Leaves out statements that fail instead of throwing. Default: false. */
  readonly lenient?: boolean;
}

// The settings at the start of a file: the session of psql -f. Bodies are not checked, as with pg_dump,
// because they may come before the objects that they name.
const beginning =
  'reset session authorization; reset role; reset search_path; set check_function_bodies = off';

// SQLSTATEs of something that a later statement may make: schema, relation, column, object, function, unique
// key, rows of a materialized view.
const missing = new Set(['3F000', '42P01', '42703', '42704', '42883', '42830', '55000']);

/**
 * Runs files in an empty shadow; the roles in them are created first.
 * @returns the problems of the statements that were left out
 * @throws Problem with file, line and caret of the first statement that cannot run
 */
export async function loadFiles(
  connection: Connection,
  files: readonly SqlFile[],
  options: LoadOptions = {},
): Promise<readonly Problem[]> {
  const own = await rolesBeside(connection);
  const { role = null } = options;
  const named = files.flatMap((file) => file.roles);
  await createRoles(connection, new Set(role === null ? named : [role, ...named]), own);
  const roles = { ...own, session: role ?? own.session };
  const run: LoadRun = { connection, roles, options, problems: [] };
  if (options.asPsql) await runAsPsql(run, files);
  else await runInAnyOrder(run, files);
  await connection.execute(resume(own));
  return run.problems;
}

async function runInAnyOrder(run: LoadRun, files: readonly SqlFile[]): Promise<void> {
  const left = new Map<SqlFile, readonly ParsedStatement[]>();
  for (const file of files)
    if (run.options.committed || isLate(file, left) || !(await runWhole(run, file)))
      left.set(file, file.statements);
  if (left.size > 0) await runSingly(run, left);
}

const isDivided = (file: SqlFile) => file.statements.some(({ divides }) => divides);

// A statement that applies to partitions that do not exist yet waits for those that wait themselves. A
// statement that changes the result of later ones waits, too, and they wait for it.
const isLate = (file: SqlFile, left: ReadonlyMap<SqlFile, unknown>) =>
  left.size > 0 &&
  (isDivided(file) || file.statements.some(({ alone }) => alone) || [...left.keys()].some(isDivided));

interface LoadRun {
  readonly connection: Connection;
  readonly roles: Roles;
  readonly options: LoadOptions;
  /** The problems of statements that were left out. */
  readonly problems: Problem[];
}

interface Roles {
  readonly session: string;
  readonly superuser: boolean;
  readonly known: Set<string>;
}

async function rolesBeside(connection: Connection): Promise<Roles> {
  const [row] = await connection.rows<{ session: string; superuser: boolean; known: string[] }>(
    `select current_user::text as session,
      (select rolsuper from pg_roles where rolname = current_user) as superuser,
       array(select rolname::text from pg_roles) as known`,
  );
  const { session, superuser, known } = row as { session: string; superuser: boolean; known: string[] };
  return { session, superuser, known: new Set(known) };
}

// Superusers, because permissions are no part of a schema, and only these can own event triggers.
async function createRoles(connection: Connection, names: Iterable<string>, roles: Roles): Promise<void> {
  const unknown = [...names].filter((name) => !roles.known.has(name));
  if (unknown.length === 0) return;
  const option = roles.superuser ? ' superuser' : '';
  await connection.execute(unknown.map((name) => `create role ${quote(name)}${option}`).join(';'));
  for (const name of unknown) roles.known.add(name);
}

// One session for all files, whose settings last from one to the next.
async function runAsPsql(run: LoadRun, files: readonly SqlFile[]): Promise<void> {
  await run.connection.execute(`${resume(run.roles)}; reset check_function_bodies`);
  for (const file of files) {
    if (!run.options.committed && (await runWhole(run, file))) continue;
    for (const statement of file.statements) {
      const problem = await attempt(run, file, statement);
      if (problem !== undefined) throw problem;
    }
  }
}

// One message for a whole file is several times faster than a message for each statement.
async function runWhole({ connection, roles, options }: LoadRun, file: SqlFile): Promise<boolean> {
  await connection.execute(`savepoint file; ${options.asPsql ? '' : resume(roles)}`);
  try {
    for (const text of portionsOf(file)) await connection.execute(text);
    await connection.execute('release file');
    return true;
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    await connection.execute('rollback to file; release file');
    return false;
  }
}

// After a statement with more than a few locks, the server looks through all locks of the transaction
// (source: lock.c, LockReassignCurrentOwner), so time would grow with the square of a schema. It does so once
// for a DO block, whatever the block runs. A statement that cannot be in one is met again by `runSingly`.
function portionsOf({ runnable, statements }: SqlFile): string[] {
  if (statements.length <= portionSize) return [runnable];
  const portions: string[] = [];
  for (let at = 0; at < statements.length; at += portionSize) {
    const portion = statements.slice(at, at + portionSize);
    const text = runnable.slice(portion[0]?.start, portion.at(-1)?.end);
    portions.push(`do ${literal(`begin execute ${literal(text)}; end`)}`);
  }
  return portions;
}

const portionSize = 500;

// Round after round, each from the first file to the last. Settings are repeated in every round, so that a
// statement that is tried again is understood as it was at its place. A round that gets nothing done is
// followed by one in which no statement waits for earlier ones, and that by one in which a failure is final.
async function runSingly(run: LoadRun, left: Map<SqlFile, readonly ParsedStatement[]>): Promise<void> {
  for (let idle = 0; left.size > 0; ) idle = (await runRound(run, left, idle)) ? 0 : idle + 1;
}

// True if the round ran any statement. `idle`: the number of earlier rounds that ran none.
async function runRound(
  run: LoadRun,
  left: Map<SqlFile, readonly ParsedStatement[]>,
  idle: number,
): Promise<boolean> {
  const { anyOrder = true, lenient = false } = run.options;
  const isFinal = !anyOrder || idle > 1;
  let [progress, held, divided] = [false, false, false];
  for (const [file, statements] of left) {
    await run.connection.execute(resume(run.roles));
    const waiting = new Set(statements);
    const failed: ParsedStatement[] = [];
    for (const statement of file.statements) {
      if (!statement.setting && !waiting.has(statement)) continue;
      const { alone = false, divides = false, setting } = statement;
      const waits = idle === 0 && !setting && (divided || (held && (alone || divides)));
      divided ||= waits && divides;
      const problem = waits ? undefined : await attempt(run, file, statement);
      if (waits || (problem && !isFinal && isMissing(problem))) {
        failed.push(statement);
        held = true;
      } else if (problem === undefined) progress ||= !setting;
      else if (lenient) run.problems.push(problem);
      else throw problem;
    }
    if (failed.length === 0) left.delete(file);
    else left.set(file, failed);
  }
  return progress;
}

async function attempt(
  run: LoadRun,
  file: SqlFile,
  statement: ParsedStatement,
): Promise<Problem | undefined> {
  const { connection, roles, options } = run;
  const { start, end } = statement;
  if (!options.committed) await connection.execute('savepoint statement');
  try {
    await connection.execute(file.runnable.slice(start, end));
    if (!options.committed) await connection.execute('release statement');
    return undefined;
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    if (!options.committed) await connection.execute('rollback to statement; release statement');
    // A role that only a function's or a DO block's text mentions.
    if (thrown.code === 'missing_role' && 'name' in thrown.data && !roles.known.has(thrown.data.name)) {
      await createRoles(connection, [thrown.data.name], roles);
      return attempt(run, file, statement);
    }
    if (statement.byHand !== undefined && (lacksLibrary(thrown) || lacksVersion(thrown))) {
      await connection.execute(statement.byHand);
      return undefined;
    }
    return locateProblem(thrown, { file: file.file, text: file.text, offset: start });
  }
}

function resume({ session, superuser }: Roles): string {
  return `${beginning}; set ${superuser ? 'session authorization' : 'role'} ${quote(session)}`;
}

// True if a server refused the SQL and the session continues; any other error is not the statement's fault.
function isRefusal(thrown: unknown): thrown is Problem {
  return thrown instanceof Problem && 'sqlstate' in thrown.data;
}

// PostgreSQL in WebAssembly has its libraries' files, but can't load all of them.
function lacksLibrary(problem: Problem): boolean {
  return 'message' in problem.data && / library "/.test(String(problem.data.message));
}

// `extension "x" has no installation script nor update path for version "y"` (source: extension.c).
function lacksVersion({ data }: Problem): boolean {
  return 'sqlstate' in data && data.sqlstate === '22023';
}

function isMissing(problem: Problem): boolean {
  return 'sqlstate' in problem.data && missing.has(problem.data.sqlstate);
}
