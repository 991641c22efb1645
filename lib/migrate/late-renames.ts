// Renames that are asked for when the migrations have left the old name behind already.
import type { RenameRequest } from '../compare/rename-requests.ts';
import { toOneLine } from '../migration/text.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { withoutComments } from './rows-by-hand.ts';

/**
 * Gives a function that finds out why migrations leave nothing to rename.
 * @param files their ways up
 * @returns a function that gives the reason, as the rest of a sentence; null: none drops the old name. It
 * throws Problem `invalid_sql`
 */
export const explainLateRenames = (files: readonly TextFile[]) => (request: RenameRequest) =>
  explain(files, request);

async function explain(files: readonly TextFile[], { from, to }: RenameRequest): Promise<string | null> {
  const [old = '', now = ''] = [from.at(-1), to.at(-1)];
  // A column is one of its table. The common schema need not be named.
  const holders = from.slice(0, -1).filter((name) => name !== 'public');
  const naming = files.filter(({ text }) => isNamed(text, old));
  for (const { file, runnable, statements } of (await parseFiles(naming)).reverse()) {
    const named = statements
      .map(({ tag, start, end }) => ({ tag, sql: toOneLine(withoutComments(runnable.slice(start, end))) }))
      .filter(({ sql }) => [old, ...holders].every((name) => isNamed(sql, name)));
    if (named.some(({ tag, sql }) => tag === 'RenameStmt' && isNamed(sql, now))) return null;
    if (named.some(({ sql }) => /\bdrop\b/i.test(sql)))
      return `${file} drops the old name. If no database has that migration, delete the file first`;
  }
  return null;
}

// As a whole word, quoted or not, in any case: a name without quotes is written in lower case by the server.
function isNamed(text: string, name: string): boolean {
  const word = name.replaceAll('"', '""').replace(/[$.*+?^{}()|[\]\\]/g, '\\$&');
  return new RegExp(String.raw`(?<![\p{L}\p{N}_$])${word}(?![\p{L}\p{N}_$])`, 'iu').test(text);
}
