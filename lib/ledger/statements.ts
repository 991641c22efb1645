// The statements of a migration, and which of them it was that failed.
import type { MigrationFile } from '../migration/chain.ts';
import { only, partsOf } from '../migration/parts.ts';
import type { Connection } from '../pg/connection.ts';
import { unpinned } from '../pg/pinned.ts';
import type { Problem } from '../problem/problem.ts';
import { holdsStatement, withoutNoise } from '../sql/psql-commands.ts';

/** Which way. */
export type Direction = 'up' | 'down';

/** Where in which file a text that is sent begins. */
export interface StatementPlace {
  readonly file: MigrationFile;
  readonly start: number;
}

/** One way of a migration. Everything else is blank, so that the server's positions are those of the file. */
export function sqlOf({ text }: MigrationFile, direction: Direction): string {
  const parts = partsOf(text);
  return only(text, direction === 'up' ? parts.up : (parts.down ?? { start: 0, end: 0 }));
}

/** Statements one by one, as psql would send them. */
export function statementsOf(sql: string): { text: string; start: number }[] {
  const bounds = [0, ...withoutNoise(sql).ends, sql.length];
  return bounds.slice(1).flatMap((end, at) => {
    const start = bounds[at] as number;
    const text = sql.slice(start, end);
    return holdsStatement(text) ? [{ text, start }] : [];
  });
}

/**
 * Where the statement begins that failed: the server points into it, or it comes after those that were done. It is asked
 * for after the transaction was rolled back.
 */
export async function failedAt(
  connection: Connection,
  direction: Direction,
  { data }: Problem,
  { file, start }: StatementPlace,
): Promise<number> {
  if (start > 0 || !('sqlstate' in data) || data.position !== null) return start;
  const statements = statementsOf(sqlOf(file, direction));
  if (data.completed !== undefined) return statements[data.completed]?.start ?? start;
  // The embedded database does not say how far it came.
  await connection.execute(`begin; ${unpinned('local')}`).catch(() => undefined);
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
