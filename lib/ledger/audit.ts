// Writes the audit: a row for each action, and a ledger row for each applied migration.
import type { MigrationFile } from '../migration/chain.ts';
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { digestMigration } from './edits.ts';
import { guardSql } from './guard.ts';
import type { Direction } from './statements.ts';

/** The person who migrates, as the audit stores it. */
export interface AuditAuthor {
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  readonly gitCommit: string | null;
  /** This program with its version. */
  readonly tool: string;
}

/** The session and author of audit rows. */
export interface Recorder {
  readonly connection: Connection;
  readonly author: AuditAuthor;
}

/** An action of the audit. */
export interface AuditEvent {
  readonly file: MigrationFile;
  readonly direction: Direction;
  readonly outcome: 'begun' | 'done' | 'failed' | 'baseline';
  /** SQL of its duration in milliseconds; default: none. */
  readonly milliseconds?: string;
  readonly detail?: string;
}

/** Notes in the audit an action that has no transaction of its own. */
export async function noteInAudit({ connection, author }: Recorder, event: AuditEvent): Promise<void> {
  await connection.execute(`${guardSql}; ${buildAuditInsert(author, event)}`);
}

/**
 * Adds a migration to the ledger, or removes it, without running it.
 * @param outcome `done`: other statements did its work; `baseline`: the database already had it
 */
export async function recordInLedger(
  of: Recorder,
  file: MigrationFile,
  direction: Direction,
  outcome: 'done' | 'baseline' = 'done',
): Promise<void> {
  const row =
    direction === 'up'
      ? `select ${buildSettings(file, await digestMigration(file), true)};
         insert into pgmage.schema_migrations (name, run_on) values (${literal(file.name)}, now())`
      : `delete from pgmage.schema_migrations where name = ${literal(file.name)}`;
  await of.connection.execute(
    `begin; ${guardSql}; ${row}; ${buildAuditInsert(of.author, { file, direction, outcome })}; commit`,
  );
}

/** Makes applied migrations those of the files, which say the same in another text; in one transaction. */
export async function acceptEdits(of: Recorder, files: readonly MigrationFile[]): Promise<void> {
  const detail = 'accepted: only comments or layout differ from what was applied';
  const statements = files.flatMap((file) => [
    `update pgmage.schema_migrations set checksum = ${literal(file.migration.checksum)}
       where name = ${literal(file.name)}`,
    buildAuditInsert(of.author, { file, direction: 'up', outcome: 'done', detail }),
  ]);
  await of.connection.execute(`begin; ${guardSql}; ${statements.join('; ')}; commit`);
}

/** The settings with the values of the ledger's row, as a select list. */
export function buildSettings({ migration }: MigrationFile, meaning: string | null, local: boolean): string {
  const set = (name: string, value: string) => `set_config('pgmage.${name}', ${literal(value)}, ${local})`;
  return `${set('checksum', migration.checksum)}, ${set('statements', meaning ?? '')}`;
}

/** SQL for a row of the audit. */
export function buildAuditInsert(
  { systemUser, gitAuthor, gitCommit, tool }: AuditAuthor,
  { file: { name, migration }, direction, outcome, milliseconds = 'null', detail }: AuditEvent,
): string {
  const text = (value: string | null | undefined) => (value == null ? 'null' : literal(value));
  const values = [name, direction, migration.checksum, outcome].map((value) => literal(value));
  const who = [systemUser, gitAuthor, gitCommit, tool, detail].map(text);
  return `insert into pgmage.audit (migration, direction, checksum, outcome, milliseconds, system_user_name,
    git_author,
    git_commit, tool, detail) values (${[...values, milliseconds, ...who].join(', ')})`;
}
