// The database's record of the runs that changed its rows: a row for each outcome, which is never changed.
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { pinned } from '../pg/pinned.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import type { AuditAuthor } from './audit.ts';
import { dataRunFaults } from './guard.ts';

/** The outcome of a run. */
export type RunOutcome = 'begun' | 'batch' | 'done' | 'failed' | 'undone';

/** One outcome of a run. */
export interface DataRunEntry {
  /** A UUID. */
  readonly id: string;
  /** The source as reports name it, without a password. */
  readonly source: string;
  /** When the source was as it was read; ISO 8601, in UTC. */
  readonly asOf: string | null;
  readonly outcome: RunOutcome;
  /** `transaction`, `batch 10000`, `undo`. */
  readonly mode: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that another session changed meanwhile. */
  readonly skipped: number;
  /**
   * The run that an undo takes back, or the reason of a failure. As JSON, the state of a run in batches, or
   * that of tables with `since` for the next run.
   */
  readonly detail: string | null;
}

/** An outcome as the database has it. */
export interface RecordedRun extends DataRunEntry {
  /** ISO 8601, in UTC. */
  readonly at: string;
  readonly role: string;
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  readonly gitCommit: string | null;
  readonly tool: string;
}

const table = `
create table if not exists pgmage.data_runs (
  entry bigint generated always as identity primary key,
  id uuid not null,
  source text not null,
  as_of timestamptz,
  outcome text not null,
  mode text not null,
  inserted bigint not null,
  updated bigint not null,
  deleted bigint not null,
  skipped bigint not null,
  at timestamptz not null default clock_timestamp(),
  role text not null default session_user,
  system_user_name text,
  git_author text,
  git_commit text,
  tool text not null,
  detail text
);
create index if not exists data_runs_id on pgmage.data_runs (id);
create or replace function pgmage.refuse_runs() returns trigger language plpgsql set search_path = '' as
  $$begin raise exception 'the record of data runs of pgmage is never rewritten'; end$$;
create or replace trigger data_runs_are_kept before update or delete or truncate on pgmage.data_runs
  for each statement execute function pgmage.refuse_runs();`;

const state = `select to_regclass('pgmage.data_runs') is not null as there, (${dataRunFaults}) as faults`;

/**
 * Makes the record where there is none.
 * @throws Problem `permission_denied`, `ledger_unsafe`
 */
export async function prepareDataRuns(connection: Connection): Promise<void> {
  await transaction(connection, async () => {
    if (await hasRecord(connection)) return;
    // A role that may not create schemas could not say IF NOT EXISTS either.
    const [home] = await connection.rows<{ there: boolean }>(
      `select to_regnamespace('pgmage') is not null as there`,
    );
    await connection.execute(`${home?.there ? '' : 'create schema pgmage;'} ${table}`);
    await hasRecord(connection);
  });
}

async function hasRecord(connection: Connection): Promise<boolean> {
  const [row] = await connection.rows<{ there: boolean; faults: string[] }>(state);
  const { there = false, faults = [] } = row ?? {};
  if (faults.length > 0) throw new Problem('ledger_unsafe', { environment: connection.description, faults });
  return there;
}

/** Adds an outcome in the open transaction, after a check that the record is as pgmage makes it. */
export async function recordRun(
  connection: Connection,
  author: AuditAuthor,
  entry: DataRunEntry,
): Promise<void> {
  await connection.execute(`lock table only pgmage.data_runs in row exclusive mode; ${pinned}`);
  await hasRecord(connection);
  const text = (value: string | null) => (value === null ? 'null' : literal(value));
  const { id, source, asOf, outcome, mode, inserted, updated, deleted, skipped, detail } = entry;
  const values = [
    `${literal(id)}::uuid`,
    text(source),
    `${text(asOf)}::timestamptz`,
    text(outcome),
    text(mode),
    ...[inserted, updated, deleted, skipped].map(String),
    ...[author.systemUser, author.gitAuthor, author.gitCommit, author.tool, detail].map(text),
  ];
  await connection.execute(
    `insert into pgmage.data_runs (id, source, as_of, outcome, mode, inserted, updated, deleted, skipped,
       system_user_name, git_author, git_commit, tool, detail) values (${values.join(', ')})`,
  );
}

const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Reads all outcomes in the open transaction, the first one first; none where there is no record.
 * @throws Problem `ledger_unsafe`; of the connection
 */
export async function readDataRuns(connection: Connection): Promise<RecordedRun[]> {
  if (!(await hasRecord(connection))) return [];
  type Row = Omit<RecordedRun, 'inserted' | 'updated' | 'deleted' | 'skipped'> &
    Record<'inserted' | 'updated' | 'deleted' | 'skipped', string>;
  const rows = await connection.rows<Row>(
    `select id::text, source, ${iso('as_of')} as "asOf", outcome, mode, inserted::text, updated::text,
       deleted::text, skipped::text, ${iso('at')} as at, role, system_user_name as "systemUser",
       git_author as "gitAuthor", git_commit as "gitCommit", tool, detail
     from pgmage.data_runs order by entry`,
  );
  return rows.map((one) => ({
    ...one,
    inserted: Number(one.inserted),
    updated: Number(one.updated),
    deleted: Number(one.deleted),
    skipped: Number(one.skipped),
  }));
}
