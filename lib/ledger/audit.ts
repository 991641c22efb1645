// What is put down of each deed: a row of the audit, and, of what is applied, one of the ledger.
import type { MigrationFile } from '../migration/chain.ts';
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { statementsDigest } from './edits.ts';
import { guarded } from './guard.ts';
import type { Direction } from './statements.ts';

/** Who migrates, as the audit keeps it. */
export interface AuditAuthor {
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  readonly gitCommit: string | null;
  /** This program with its version. */
  readonly tool: string;
}

/** Who puts it down, and where. */
export interface Recorder {
  readonly connection: Connection;
  readonly author: AuditAuthor;
}

/** Notes in the audit what has no transaction of its own to be noted in. */
export async function note(
  { connection, author }: Recorder,
  file: MigrationFile,
  direction: Direction,
  outcome: 'begun' | 'done' | 'failed',
  detail: string | null = null,
): Promise<void> {
  await connection.execute(`${guarded}; ${auditSql(author, file, direction, outcome, 'null', detail)}`);
}

/**
 * Puts a migration into the ledger, or takes it out, without running it.
 * @param outcome `done`: what it does was done by other statements; `baseline`: it was there already
 */
export async function record(
  of: Recorder,
  file: MigrationFile,
  direction: Direction,
  outcome: 'done' | 'baseline' = 'done',
): Promise<void> {
  const row =
    direction === 'up'
      ? `select ${settings(file, await statementsDigest(file), true)};
         insert into pgmage.schema_migrations (name, run_on) values (${literal(file.name)}, now())`
      : `delete from pgmage.schema_migrations where name = ${literal(file.name)}`;
  await of.connection.execute(
    `begin; ${guarded}; ${row}; ${auditSql(of.author, file, direction, outcome, 'null')}; commit`,
  );
}

/** Makes applied migrations those of the files, which say the same in another text; in one transaction. */
export async function accept(of: Recorder, files: readonly MigrationFile[]): Promise<void> {
  const detail = 'accepted: only comments or layout differ from what was applied';
  const statements = files.flatMap((file) => [
    `update pgmage.schema_migrations set checksum = ${literal(file.migration.checksum)}
       where name = ${literal(file.name)}`,
    auditSql(of.author, file, 'up', 'done', 'null', detail),
  ]);
  await of.connection.execute(`begin; ${guarded}; ${statements.join('; ')}; commit`);
}

/** What the ledger's row takes its values from, as a list to be selected. */
export function settings({ migration }: MigrationFile, meaning: string | null, local: boolean): string {
  const set = (name: string, value: string) => `set_config('pgmage.${name}', ${literal(value)}, ${local})`;
  return `${set('checksum', migration.checksum)}, ${set('statements', meaning ?? '')}`;
}

/** SQL for a row of the audit. */
export function auditSql(
  { systemUser, gitAuthor, gitCommit, tool }: AuditAuthor,
  { name, migration }: MigrationFile,
  direction: Direction,
  outcome: string,
  milliseconds: string,
  detail: string | null = null,
): string {
  const text = (value: string | null) => (value === null ? 'null' : literal(value));
  const values = [name, direction, migration.checksum, outcome].map((value) => literal(value));
  const who = [systemUser, gitAuthor, gitCommit, tool, detail].map(text);
  return `insert into pgmage.audit (migration, direction, checksum, outcome, milliseconds, system_user_name, git_author,
    git_commit, tool, detail) values (${[...values, milliseconds, ...who].join(', ')})`;
}
