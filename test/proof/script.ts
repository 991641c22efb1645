// A schema file as people write it → what a server can run: psql's own lines, COPY data and transactions are
// noise.
import { loadModule, parseSync } from 'libpg-query';

await loadModule();

interface Parsed {
  readonly stmts?: readonly { stmt: Record<string, unknown>; stmt_location?: number; stmt_len?: number }[];
}

/**
 * Statements of a file, in order, without closing semicolons; one element with everything where it can't be
 * parsed.
 */
export function statementsOf(file: string): string[] {
  const text = withoutPsql(file);
  let parsed: Parsed;
  try {
    parsed = parseSync(text) as Parsed;
  } catch {
    return [text];
  }
  // The parser counts bytes.
  const bytes = Buffer.from(text);
  return (parsed.stmts ?? []).flatMap(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    const sql = bytes.subarray(start, length ? start + length : undefined).toString();
    return runnable(Object.keys(stmt)[0] as string, stmt, sql);
  });
}

function runnable(type: string, stmt: Record<string, unknown>, sql: string): string[] {
  if (type === 'TransactionStmt' || type === 'CopyStmt') return [];
  // Roles belong to the server, and another database's file may have made them already.
  if (type === 'CreateRoleStmt')
    return [`do $role$ begin ${sql}; exception when duplicate_object then null; end $role$`];
  const concurrent = JSON.stringify(stmt).includes('"concurrent":true');
  return [concurrent && !type.startsWith('CreateFunction') ? sql.replace(/\bconcurrently\b/gi, '') : sql];
}

function withoutPsql(file: string): string {
  let data = false;
  const kept = file
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => {
      if (data) {
        if (line.startsWith('\\.')) data = false;
        return false;
      }
      if (/^copy\s.*\sfrom\s+stdin\b/i.test(line)) {
        data = true;
        return false;
      }
      return !line.startsWith('\\');
    });
  return kept.join('\n');
}
