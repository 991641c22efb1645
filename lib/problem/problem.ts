// All that can go wrong, as data: a closed union of codes. The words for each are in `wording.ts`.

import { legible, legibleText } from './legible.ts';
import { caret, place, type Where } from './location.ts';
import type { ExitCode } from './message.ts';
import { wording } from './messages.ts';
import type { RailwayFailure } from './messages-data.ts';
import { redact } from './redact.ts';

/** What a connection problem knows: whom it was about, and what the server, driver or system said. */
export interface Unreachable {
  readonly environment: string;
  /** Where its URL was found: `DATABASE_URL in .env`. */
  readonly found?: string;
  readonly detail: string;
}

/** What a refused statement knows; null where the server said nothing. */
export interface Refused {
  /** The database that refused it, where it is one that people know by name or URL. */
  readonly environment: string | null;
  readonly message: string;
  readonly sqlstate: string;
  readonly detail: string | null;
  /** The server's own hint. */
  readonly hint: string | null;
  /** The server's CONTEXT: functions and statements it was in. */
  readonly context: string | null;
  /** Index into the SQL that was sent, where the server pointed at something. */
  readonly position: number | null;
  /** How many statements that were sent with it were done before; left out where nobody counts. */
  readonly completed?: number;
}

/** What can go wrong with migrations, and with schema files that are written. */
export interface MigrationProblems {
  not_reproduced: { readonly from: string; readonly changes: readonly string[] };
  would_overwrite: { readonly changes: readonly string[] };
  bad_migration: { readonly file: string; readonly reason: string };
  broken_chain: { readonly breaks: readonly string[] };
  repair_refused: { readonly environment: string; readonly faults: readonly string[] };
  rebase_refused: { readonly migration: string; readonly after: string; readonly why: string };
  unproven: { readonly migration: string; readonly changes: readonly string[] };
  ledger_unsafe: { readonly environment: string; readonly faults: readonly string[] };
  ledger_broken: { readonly environment: string; readonly faults: readonly string[] };
  drifted: { readonly environment: string; readonly changes: readonly string[] };
  unrecorded: { readonly environment: string; readonly changes: readonly string[] };
  confirmation_needed: { readonly what: string };
  rows_in_the_way: { readonly environment: string; readonly findings: readonly string[] };
  migrations_changed: { readonly files: readonly string[] };
  migration_running: { readonly environment: string };
  lock_lost: { readonly environment: string };
  broke_off: {
    readonly environment: string;
    readonly migration: string;
    readonly reason: string;
    readonly detail: string | null;
    /** SQLSTATE of the reason. */
    readonly state: string;
  };
  lock_unavailable: {
    readonly environment: string;
    readonly tries: number;
    /** Milliseconds that each of them waited. */
    readonly lockTimeout: number;
    /** `ACCESS EXCLUSIVE on users`; null: it was not found out. */
    readonly lock: string | null;
    readonly holders: readonly {
      readonly pid: number;
      readonly applicationName: string | null;
      readonly role: string | null;
      readonly state: string | null;
      readonly queryStart: string | null;
    }[];
  };
  nothing_applied: { readonly environment: string };
  unknown_version: {
    readonly environment: string;
    readonly version: string;
    readonly known: readonly string[];
  };
  foreign_migrations: { readonly what: string; readonly tool: string; readonly command: string | null };
  no_baseline: { readonly environment: string; readonly changes: readonly string[] };
  not_as_proven: { readonly environment: string; readonly changes: readonly string[] };
  no_way_back: { readonly migration: string; readonly why: string };
}

/** What can go wrong when data moves. */
export interface DataProblems {
  no_client: { readonly major: number; readonly found: readonly string[] };
  client_failed: { readonly program: string; readonly reason: string };
  no_server: { readonly environment: string };
  railway_failed: RailwayFailure;
  changed_meanwhile: { readonly environment: string };
  backup_running: { readonly database: string; readonly lock: string };
  no_space: { readonly folder: string; readonly needed: number; readonly free: number };
  backup_damaged: { readonly file: string; readonly faults: readonly string[] };
  /** `alias`: what was named, and leads to the database of `environment`. */
  protected_target: { readonly environment: string; readonly alias?: string };
  unfit_target: { readonly environment: string; readonly reasons: readonly string[] };
  transaction_statement: { readonly statement: string };
  transaction_ended: { readonly environment: string };
  not_as_backed_up: { readonly environment: string; readonly differences: readonly string[] };
  bad_mask: { readonly mask: string; readonly reason: string };
  clone_refused: { readonly source: string; readonly target: string; readonly faults: readonly string[] };
  not_as_source: {
    readonly source: string;
    readonly target: string;
    readonly differences: readonly string[];
  };
}

/** Every code with the data that it carries. */
export interface Problems extends MigrationProblems, DataProblems {
  bad_url: { readonly environment: string; readonly found?: string; readonly reason: string };
  connection_refused: Unreachable;
  host_not_found: Unreachable;
  connection_timeout: Unreachable;
  connection_lost: Unreachable;
  wrong_password: Unreachable;
  login_refused: Unreachable;
  missing_database: Unreachable;
  too_many_connections: Unreachable;
  server_unavailable: Unreachable;
  ssl_failed: Unreachable;
  unwanted_session: Unreachable;
  server_too_old: { readonly environment: string; readonly version: string };

  invalid_sql: Refused;
  missing_relation: Refused;
  missing_object: Refused;
  missing_extension: Refused & { readonly name: string };
  missing_role: Refused & { readonly name: string };
  permission_denied: Refused;
  lock_timeout: Refused;
  statement_timeout: Refused;
  statement_failed: Refused;

  missing_schema: { readonly file: string };
  missing_file: { readonly file: string };
  unreadable_file: { readonly file: string; readonly reason: string };
  unwritable_file: { readonly file: string; readonly reason: string };
  empty_file: { readonly file: string; readonly comments: boolean };
  not_utf8: { readonly file: string; readonly line: number };
  file_too_big: { readonly file: string; readonly bytes: number; readonly limit: number };

  bad_config: { readonly file: string; readonly reason: string };
  unknown_environment: { readonly name: string; readonly known: readonly string[] };
  environment_without_url: {
    readonly name: string;
    readonly variable: string;
    readonly looked: readonly string[];
  };
  empty_url: { readonly name: string; readonly place: string };
  embedded_not_named: { readonly environment: string };
  unknown_source: { readonly source: string; readonly reason: string };
  unknown_task: { readonly name: string; readonly nearest: readonly string[] };
  bad_option: { readonly option: string; readonly reason: string };
  bad_task_file: { readonly file: string; readonly reason: string };
  command_failed: { readonly command: string; readonly reason: string };
  task_failed: { readonly task: string; readonly reason: string };

  plan_cycle: { readonly objects: readonly string[] };
  data_loss_refused: { readonly losses: readonly string[]; readonly renames?: readonly string[] };
  unmanaged_objects: { readonly objects: readonly string[] };
  shadow_locked: { readonly directory: string };
  transaction_pooler: { readonly environment: string; readonly mode: 'transaction' | 'statement' };
  embedded_damaged: { readonly directory: string; readonly reason: string };
  shadow_failed: { readonly reason: string };
  interrupted: { readonly state: string };
  internal: { readonly reason: string };
}

/** One of the codes of {@link Problems}. */
export type Code = keyof Problems;

const brand = Symbol.for('pgmage.Problem');

/** The only thing that pgmage throws. No string in it holds a password. */
export class Problem<C extends Code = Code> extends Error {
  // A project's own tasks bring the library as modules of their own: what these throw is a Problem, too.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  readonly [brand] = true;
  override readonly name = 'Problem';
  readonly code: C;
  readonly data: Problems[C];
  /** What to do next. */
  readonly hint: string;
  /** What the process ends with when this is what it ended of. */
  readonly exitCode: ExitCode;
  /** What a server that speaks HTTP would answer. */
  readonly status: number;
  /** Where in the user's file it is, where it is in one. */
  readonly where: Where | undefined;

  constructor(code: C, data: Problems[C], from: { where?: Where | undefined; cause?: unknown } = {}) {
    const clean = scrub(data);
    const where = from.where && scrubWhere(from.where);
    const row = wording[code];
    super(row.words(clean, where), from.cause === undefined ? undefined : { cause: scrubCause(from.cause) });
    this.code = code;
    this.data = clean;
    this.hint = row.hint(clean);
    this.exitCode = row.exitCode;
    this.status = row.status;
    this.where = where;
  }

  /** The same facts as the text, for `--json`. */
  toJSON(): Record<string, unknown> {
    const { code, message, hint, data, where, exitCode, status } = this;
    return { code, message, hint, data, where, exitCode, status };
  }
}

/** Makes whatever was thrown a Problem: one stays as it is, everything else is `internal` with its cause. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const reason = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return new Problem('internal', { reason }, { cause: thrown });
}

/** A problem as plain text: words, place with caret, the server's detail and context, hint. Colours belong to `report/`. */
export function format(problem: Problem): string {
  const lines = [problem.message];
  if (problem.where)
    lines.push(`  at ${place(problem.where)}`, ...caret(problem.where).map((line) => `  ${line}`));
  if ('detail' in problem.data && problem.data.detail) lines.push(`Detail: ${inside(problem.data.detail)}`);
  if ('context' in problem.data && problem.data.context)
    lines.push(`Context: ${inside(problem.data.context)}`);
  if (problem.hint) lines.push(`Hint: ${problem.hint}`);
  return lines.join('\n');
}

// What a server says in several lines cannot be taken for a line of pgmage.
const inside = (text: string) => text.replaceAll('\n', '\n  ');

function scrub<T>(value: T): T {
  if (typeof value === 'string') return legibleText(redact(value)) as T;
  // Names of objects are in lists, each of one line.
  if (Array.isArray(value)) return value.map((one) => scrubItem(one)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scrub(inner)])) as T;
}

function scrubItem<T>(value: T): T {
  return typeof value === 'string' ? (legible(redact(value)) as T) : scrub(value);
}

function scrubWhere(where: Where): Where {
  const before = [...where.text].slice(0, where.column - 1).join('');
  return { ...where, text: legibleText(redact(where.text)), column: [...redact(before)].length + 1 };
}

// Foreign errors carry connection settings in properties of their own, which consoles print: only words and stack stay.
function scrubCause(cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const plain = new Error(redact(text));
  if (cause instanceof Error) {
    plain.name = cause.name;
    plain.stack = redact(cause.stack ?? '');
  }
  return plain;
}
