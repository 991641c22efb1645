// All that can go wrong, as data: a closed union of codes. The messages for each are in `messages.ts`.
import type { FileProblems } from './file-codes.ts';
import type { LostWork } from './half-way.ts';
import type { LockHolder } from './holders.ts';
import type { MigrationProblems } from './migration-codes.ts';
import type { ReviewProblems } from './review-codes.ts';
import type { ServiceProblems } from './service-codes.ts';
import type { TargetProblems } from './target-codes.ts';
import type { TenantProblems } from './tenant-codes.ts';

/** The data of a connection problem: the environment, and the reason of the server, driver or system. */
export interface Unreachable {
  readonly environment: string;
  /** The place of its URL: `DATABASE_URL in .env`. */
  readonly found?: string;
  readonly detail: string;
}

/** The data of a refused statement; null where the server sent nothing. */
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
  /** The number of statements sent with it that ran before it; left out where they are not counted. */
  readonly completed?: number;
  /** The table and the column whose rows it is about; left out where the server names none. */
  readonly table?: string;
  readonly column?: string;
  /** Of a missing right: the role that is connected. */
  readonly role?: string;
}

/** The data of problems with moves of data. */
export interface DataProblems {
  no_client: { readonly major: number; readonly found: readonly string[] };
  client_failed: { readonly program: string; readonly reason: string; readonly role?: string };
  no_server: { readonly environment: string };
  railway_failed: RailwayFailure;
  changed_meanwhile: { readonly environment: string };
  /** `lock`: the file that it holds; null: it holds a lock in the database. */
  backup_running: { readonly database: string; readonly lock: string | null };
  no_space: { readonly folder: string; readonly needed: number; readonly free: number };
  backup_damaged: { readonly file: string; readonly faults: readonly string[] };
  /** `alias`: the given environment or URL of its database. `lacks`: what a request to the service needs. */
  protected_target: {
    readonly environment: string;
    readonly alias?: string;
    readonly lacks?: 'allowTargets' | 'confirm';
  };
  protected_drill: { readonly environment: string };
  unfit_masks: Refused & { readonly masks: readonly string[] };
  unfit_target: { readonly environment: string; readonly reasons: readonly string[] };
  transaction_statement: { readonly statement: string };
  transaction_ended: { readonly environment: string };
  script_refused: { readonly file: string; readonly faults: readonly string[] };
  not_as_backed_up: { readonly environment: string; readonly differences: readonly string[] };
  bad_mask: { readonly mask: string; readonly reason: string };
  planned_code: { readonly environment: string; readonly calls: readonly string[] };
  clone_refused: { readonly source: string; readonly target: string; readonly faults: readonly string[] };
  not_as_source: {
    readonly source: string;
    readonly target: string;
    readonly differences: readonly string[];
  };
}

/** The problems of comparing and syncing the rows of two databases. */
export interface SyncProblems {
  /** `value`: of a key that two rows have. */
  ambiguous_key: { readonly table: string; readonly key: string; readonly value: string };
  /** A standby ended a read, because its primary removed rows that the read needs. */
  read_cancelled: { readonly environment: string; readonly detail: string };
  /** `column`: of the mapping, which has `value` twice. */
  ambiguous_ids: {
    readonly table: string;
    readonly mapping: string;
    readonly column: string;
    readonly value: string;
  };
  sync_refused: {
    readonly source: string;
    readonly target: string;
    readonly faults: readonly string[];
    /** The advice where --exclude does not help. */
    readonly hint?: string;
  };
  triggers_fire: { readonly table: string; readonly triggers: readonly string[] };
  too_many_deletions: { readonly target: string; readonly tables: readonly string[] };
  /** `run`: the last one of which batches are in the target; `rows`: changed rows of all batches. */
  batches_stopped: {
    readonly target: string;
    readonly run: string;
    readonly batches: number;
    readonly rows: number;
    readonly reason: string;
  };
  side_effects: { readonly target: string; readonly effects: readonly string[] };
  no_run: { readonly environment: string; readonly run: string; readonly reason: string };
  undo_damaged: { readonly file: string; readonly reason: string };
  /** `message`, `detail`: of the server, about the first row. */
  rows_refused: { readonly target: string; readonly message: string; readonly detail: string | null };
}

/** Every code with the data that it carries. */
export interface Problems
  extends MigrationProblems,
    DataProblems,
    SyncProblems,
    ServiceProblems,
    FileProblems,
    TargetProblems,
    TenantProblems,
    ReviewProblems {
  bad_url: { readonly environment: string; readonly found?: string; readonly reason: string };
  connection_refused: Unreachable;
  host_not_found: Unreachable;
  connection_timeout: Unreachable;
  connection_lost: Unreachable & LostWork;
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
  lock_timeout: Refused & { readonly holders?: readonly LockHolder[] };
  statement_timeout: Refused;
  statement_failed: Refused;
  /** `migration`: the file of a migration that rows of a database do not fit. `direction`: default up. */
  unfit_rows: Refused & {
    readonly migration: string;
    readonly direction?: 'up' | 'down';
    /** The advice on the file, by `adviseFile`. */
    readonly repair?: string;
  };

  bad_config: { readonly file: string; readonly reason: string };
  environment_without_url: {
    readonly name: string;
    readonly variable: string;
    readonly looked: readonly string[];
  };
  empty_url: { readonly name: string; readonly place: string };
  /** `near`: folders of other projects, relative to this one. */
  embedded_not_named: { readonly environment: string; readonly near?: readonly string[] };
  unknown_source: { readonly source: string; readonly reason: string };
  unknown_task: { readonly name: string; readonly nearest: readonly string[] };
  unknown_option: {
    readonly option: string;
    /** The task that does not have it; null: the option comes before any task. */
    readonly task: string | null;
    readonly nearest: readonly string[];
  };
  missing_option: { readonly option: string; readonly task: string };
  bad_option: {
    readonly option: string;
    readonly reason: string;
    /** The task, where it is known. */
    readonly task?: string;
  };
  bad_task_file: { readonly file: string; readonly reason: string };
  command_failed: CommandFailure;
  hook_failed: CommandFailure & { readonly hook: 'afterSync' | 'hooks.failed' };
  task_failed: { readonly task: string; readonly reason: string };

  plan_cycle: { readonly objects: readonly string[] };
  data_loss_refused: { readonly losses: readonly string[]; readonly renames?: readonly string[] };
  unmanaged_objects: { readonly objects: readonly string[] };
  shadow_locked: {
    readonly directory: string;
    /** The file of the lock. */
    readonly lock: string;
    /** The process that has it. */
    readonly pid: number;
    /** The machine of that process; null: this one. */
    readonly host: string | null;
    /** Milliseconds that it was waited for. */
    readonly waited: number;
  };
  transaction_pooler: { readonly environment: string; readonly mode: 'transaction' | 'statement' };
  embedded_damaged: { readonly directory: string; readonly reason: string };
  shadow_failed: { readonly reason: string };
  beyond_native: { readonly reason: string };
  no_native_shadow: { readonly reason: string; readonly major: number };
  shadow_superuser: { readonly role: string };
  interrupted: { readonly state: string };
  internal: { readonly reason: string };
}

/** One of the codes of {@link Problems}. */
export type Code = keyof Problems;

/** The ways in which the Railway client fails to give a URL. */
export type RailwayFault =
  | 'no_client'
  | 'not_logged_in'
  | 'not_linked'
  | 'no_environment'
  | 'no_service'
  | 'no_variable'
  | 'private'
  | 'failed';

/** How a command of a project failed. */
export interface CommandFailure {
  readonly command: string;
  /** `null` where it did not start or a signal ended it. */
  readonly exitCode: number | null;
  readonly reason: string;
  /** The last lines that it wrote. */
  readonly detail: string;
}

/** The reason why the Railway client gave no URL. */
export interface RailwayFailure {
  readonly environment: string;
  readonly fault: RailwayFault;
  /** The message of the client, where it printed one. */
  readonly detail: string;
}
