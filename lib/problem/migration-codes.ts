// The problems of migrations, as data.
import type { HalfWay } from './half-way.ts';
import type { LockHolder } from './holders.ts';
import type { RowsInTheWay } from './rows-in-the-way.ts';
import type { Unrecorded } from './unrecorded.ts';

/** The data of problems with migrations and with written schema files. */
export interface MigrationProblems {
  not_reproduced: {
    readonly from: string;
    readonly changes: readonly string[];
    readonly invalid?: readonly string[];
  };
  would_overwrite: { readonly changes: readonly string[] };
  not_generated: { readonly file: string; readonly task: string };
  bad_migration: { readonly file: string; readonly reason: string };
  broken_chain: {
    readonly breaks: readonly string[];
    /** True if merged branches are the only break. */
    readonly merged: boolean;
    /** The files of the breaks. */
    readonly files?: readonly string[];
  };
  repair_refused: { readonly environment: string; readonly faults: readonly string[] };
  rebase_refused: { readonly migration: string; readonly after: string; readonly why: string };
  unproven: { readonly migration: string; readonly changes: readonly string[] };
  ledger_unsafe: { readonly environment: string; readonly faults: readonly string[] };
  /** `files`: those that the faults are about. */
  ledger_broken: {
    readonly environment: string;
    readonly faults: readonly string[];
    readonly files?: readonly string[];
  };
  /** `canPush`: db:push may change the database. */
  drifted: MigrationProblems['not_as_proven'] & { readonly canPush?: boolean };
  unrecorded: MigrationProblems['not_as_proven'] & Unrecorded;
  confirmation_needed: { readonly what: string };
  rows_in_the_way: RowsInTheWay;
  stuck_migration: {
    readonly environment: string;
    /** The files that are to be replaced; the first cannot run. */
    readonly files: readonly string[];
    readonly reason: string;
    /** True if its author must edit the file, because the schema does not give all that it does. */
    readonly byHand?: boolean;
  };
  migrations_changed: { readonly files: readonly string[] };
  migration_running: { readonly environment: string; readonly holders?: readonly LockHolder[] };
  lock_lost: { readonly environment: string };
  broke_off: {
    readonly environment: string;
    readonly migration: string;
    readonly reason: string;
    readonly detail: string | null;
    /** SQLSTATE of the reason. */
    readonly state: string;
    /** The direction of the run; left out: up. */
    readonly direction?: 'up' | 'down';
  };
  lock_unavailable: {
    readonly environment: string;
    readonly tries: number;
    /** Milliseconds that each of them waited. */
    readonly lockTimeout: number;
    /** `ACCESS EXCLUSIVE on users`; null: it was not found out. */
    readonly lock: string | null;
    readonly holders: readonly LockHolder[];
    readonly halfWay?: HalfWay;
  };
  nothing_applied: { readonly environment: string };
  unknown_version: {
    readonly environment: string;
    readonly version: string;
    readonly known: readonly string[];
  };
  foreign_migrations: { readonly what: string; readonly tool: string; readonly command: string | null };
  no_baseline: { readonly environment: string; readonly changes: readonly string[] };
  push_refused: { readonly environment: string; readonly reason: string };
  /** `tool`: the one that applies them; null: pgmage. `command`: its command for that. */
  push_pending: {
    readonly environment: string;
    readonly pending: readonly string[];
    readonly tool: string | null;
    readonly command: string;
  };
  not_as_wanted: { readonly environment: string; readonly changes: readonly string[] };
  not_as_proven: { readonly environment: string; readonly changes: readonly string[] };
  no_way_back: { readonly migration: string; readonly why: string };
}
