// The statements of a migration, and which of them it was that failed.
import type { MigrationFile } from '../migration/chain.ts';
import { keepRange, splitParts } from '../migration/parts.ts';
import type { Connection } from '../pg/connection.ts';
import { buildUnpin } from '../pg/pinned.ts';
import type { Problem } from '../problem/problem.ts';
import { blankPsqlCommands, holdsStatement } from '../sql/psql-commands.ts';
import { blankShared } from '../sql/shared-statements.ts';

/** The direction of a migration. */
export type Direction = 'up' | 'down';

/** A file, and the offset in it where a sent text begins. */
export interface StatementPlace {
  readonly file: MigrationFile;
  readonly start: number;
}

/** One way of a migration. Everything else is blank, so that the server's positions are those of the file. */
function selectDirection({ text }: MigrationFile, direction: Direction): string {
  const parts = splitParts(text);
  return keepRange(text, direction === 'up' ? parts.up : (parts.down ?? { start: 0, end: 0 }));
}

/**
 * The same as it runs in a session: in that of a tenant without statements on what all tenants share.
 * @throws Problem `invalid_sql`
 */
export function selectForSession(
  { schemas }: Connection,
  file: MigrationFile,
  direction: Direction,
): Promise<string> | string {
  const text = selectDirection(file, direction);
  return schemas === undefined ? text : blankShared(file.file, text, schemas.written);
}

/** Splits SQL into statements, as psql sends them. */
export function splitStatements(sql: string): { text: string; start: number }[] {
  const bounds = [0, ...blankPsqlCommands(sql).ends, sql.length];
  return bounds.slice(1).flatMap((end, at) => {
    const start = bounds[at] as number;
    const text = sql.slice(start, end);
    return holdsStatement(text) ? [{ text, start }] : [];
  });
}

/**
 * The offset of the failed statement: the server points into it, or it follows the last one that ran. Found
 * after the transaction was rolled back.
 */
export async function findFailure(
  connection: Connection,
  direction: Direction,
  { data }: Problem,
  { file, start }: StatementPlace,
): Promise<number> {
  if (start > 0 || !('sqlstate' in data) || data.position !== null) return start;
  const statements = splitStatements(await selectForSession(connection, file, direction));
  if (data.completed !== undefined) return statements[data.completed]?.start ?? start;
  // The embedded database does not say how far it came.
  await connection.execute(`begin; ${buildUnpin('local')}`).catch(() => undefined);
  for (const statement of statements) {
    const failed = await connection.execute(statement.text).then(
      () => false,
      () => true,
    );
    if (!failed) continue;
    await connection.execute('rollback').catch(() => undefined);
    return statement.start;
  }
  await connection.execute('rollback').catch(() => undefined);
  return start;
}
