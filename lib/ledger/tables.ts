// The database's record of its migrations: the applied ones, and all actions. Its schema is `pgmage`.
import { ledgerSchema, tenantLedger } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import { type AuditEntry, addDurations } from './audit-entries.ts';
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
  }).catch(async (thrown: unknown) => {
    throw thrown instanceof Problem && thrown.code === 'permission_denied'
      ? await nameRight(connection, thrown as Problem<'permission_denied'>)
      : thrown;
  });
}

// The server names the database, but not the right that is missing, nor what it is for.
async function nameRight(connection: Connection, problem: Problem<'permission_denied'>): Promise<Problem> {
  const [row] = await connection.rows<{ missing: boolean; database: string; role: string }>(
    `select not has_database_privilege(current_database(), 'CREATE') and to_regnamespace('pgmage') is null
       as missing, quote_ident(current_database()) as database, quote_ident(current_user) as role`,
  );
  if (row?.missing !== true) return problem;
  const grant = `GRANT CREATE ON DATABASE ${row.database} TO ${row.role};`;
  const { schemas } = connection;
  const ledger = schemas === undefined ? ledgerSchema : tenantLedger(schemas);
  const hint =
    `pgmage records migrations in the schema ${ledger}, which it may not create.` + ` Allow it: ${grant}`;
  return new Problem('permission_denied', { ...problem.data, hint }, { cause: problem });
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
  return { applied, deeds: addDurations(deeds) };
}

async function stateOf(connection: Connection): Promise<{ there: boolean; digested: boolean }> {
  const [row] = await connection.rows<{ there: boolean; digested: boolean; faults: string[] }>(state);
  const { there = false, digested = false, faults = [] } = row ?? {};
  if (faults.length > 0) throw new Problem('ledger_unsafe', { environment: connection.description, faults });
  return { there, digested };
}
