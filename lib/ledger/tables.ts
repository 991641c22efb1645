// The database's record of its migrations: the applied ones, and all actions. Its schema is `pgmage`.
import type { Connection } from '../pg/connection.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import { ledgerFaults } from './guard.ts';

/** An applied migration. */
export interface AppliedMigration {
  readonly name: string;
  readonly version: string;
  readonly checksum: string;
  /** A digest of its statements without their layout; null: unknown. */
  readonly statements: string | null;
  /** ISO 8601, in UTC. */
  readonly appliedAt: string;
}

/** One action with a migration. It is never changed. */
export interface AuditEntry {
  readonly migration: string;
  readonly version: string;
  readonly direction: 'up' | 'down';
  readonly checksum: string;
  /**
   * `begun`: it runs outside of a transaction, and its work up to its end or failure is there; `baseline`:
   * its work was there already, and it was only recorded as applied.
   */
  readonly outcome: 'begun' | 'done' | 'failed' | 'baseline';
  /** ISO 8601, in UTC. */
  readonly at: string;
  readonly milliseconds: number | null;
  readonly role: string;
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  readonly gitCommit: string | null;
  readonly tool: string;
  /** The error of a failure. */
  readonly detail: string | null;
}

/** The ledger of a database; empty where there is none. */
export interface Ledger {
  /** In the order in which they were applied. */
  readonly applied: readonly AppliedMigration[];
  /** Every deed, the first one first. */
  readonly deeds: readonly AuditEntry[];
}

// The checksum comes from a setting in the migration's own transaction. Another tool adds a row without it,
// so its transaction fails and is rolled back.
const tables = `
create schema if not exists pgmage;
create table if not exists pgmage.schema_migrations (
  id bigint generated always as identity primary key,
  name varchar(255) not null unique,
  run_on timestamp not null,
  version text generated always as (split_part(name::text, '_', 1)) stored,
  applied_at timestamptz not null default clock_timestamp(),
  checksum text not null default nullif(current_setting('pgmage.checksum', true), ''),
  statements text default nullif(current_setting('pgmage.statements', true), '')
);
create table if not exists pgmage.audit (
  id bigint generated always as identity primary key,
  migration text not null,
  version text generated always as (split_part(migration, '_', 1)) stored,
  direction text not null check (direction in ('up', 'down')),
  checksum text not null,
  outcome text not null check (outcome in ('begun', 'done', 'failed', 'baseline')),
  at timestamptz not null default clock_timestamp(),
  milliseconds integer,
  role text not null default session_user,
  system_user_name text,
  git_author text,
  git_commit text,
  tool text not null,
  detail text
);
create or replace function pgmage.refuse() returns trigger language plpgsql set search_path = '' as
  $$begin raise exception 'the audit trail of pgmage is never rewritten'; end$$;
create or replace trigger audit_is_kept before update or delete or truncate on pgmage.audit
  for each statement execute function pgmage.refuse();`;

const state = `select to_regclass('pgmage.schema_migrations') is not null
  and to_regclass('pgmage.audit') is not null as there,
  exists (select from pg_attribute where attrelid = to_regclass('pgmage.schema_migrations')
  and attname = 'statements'
    and not attisdropped) as digested, (${ledgerFaults}) as faults`;

const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Makes the ledger where there is none. @throws Problem `permission_denied`, `ledger_unsafe` */
export async function prepareLedger(connection: Connection): Promise<void> {
  await transaction(connection, async () => {
    if ((await stateOf(connection)).there) return;
    await connection.execute(tables);
    // An incomplete schema may belong to another program, so it is not completed.
    await stateOf(connection);
  });
}

/**
 * Reads the ledger in a snapshot (`snapshot` in `pg/`), in which no view and no policy is read.
 * @throws Problem `ledger_unsafe`; of the connection
 */
export async function readLedger(connection: Connection): Promise<Ledger> {
  const { there, digested } = await stateOf(connection);
  if (!there) return { applied: [], deeds: [] };
  const applied = await connection.rows<AppliedMigration>(
    `select name::text, version, checksum, ${digested ? 'statements' : 'null'} as statements,
      ${iso('applied_at')} as "appliedAt"
     from pgmage.schema_migrations order by run_on, id`,
  );
  const deeds = await connection.rows<AuditEntry>(
    `select migration, version, direction, checksum, outcome, ${iso('at')} as at, milliseconds, role,
       system_user_name as "systemUser", git_author as "gitAuthor", git_commit as "gitCommit", tool, detail
     from pgmage.audit order by id`,
  );
  return { applied, deeds };
}

async function stateOf(connection: Connection): Promise<{ there: boolean; digested: boolean }> {
  const [row] = await connection.rows<{ there: boolean; digested: boolean; faults: string[] }>(state);
  const { there = false, digested = false, faults = [] } = row ?? {};
  if (faults.length > 0) throw new Problem('ledger_unsafe', { environment: connection.description, faults });
  return { there, digested };
}
