// Words that newer servers reserve, and older ones therefore write without quotes.

import { loadParser } from './parser.ts';

// Keywords that can't be a name everywhere, by the version that brought them (source:
// src/include/parser/kwlist.h).
const brought: readonly (readonly [major: number, words: string])[] = [
  [16, 'json_array json_arrayagg json_object json_objectagg system_user'],
  [17, 'json json_exists json_query json_scalar json_serialize json_table json_value merge_action'],
];

// Names, and what may hold words that are none: comments, quoted names, strings, bodies.
const token =
  /--[^\n]*|"[^"]*(?:""[^"]*)*"|\bE'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|'[^']*(?:''[^']*)*'|(\$\w*\$)[\s\S]*?\1|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*/gi;

/**
 * SQL that a server, or a pg_dump, of a major version wrote, with its names quoted where newer ones need
 * that.
 */
export function quoteNewerWords(sql: string, major: number): string {
  const words = new Set(brought.flatMap(([since, list]) => (since > major ? list.split(' ') : [])));
  if (words.size === 0) return sql;
  return sql.replace(token, (found) => (words.has(found) ? `"${found}"` : found));
}

/**
 * Returns a function that quotes statements of an older server for newer ones. It quotes only names that the
 * newest grammar refuses, because a reserved word can be a type.
 * @param major of the server that printed the statements
 */
export async function makeSpeller(major: number): Promise<(sql: string) => string> {
  if (brought.every(([since]) => since <= major)) return (sql) => sql;
  const { parseSync } = await loadParser();
  return (sql) => {
    const quoted = quoteNewerWords(sql, major);
    if (quoted === sql) return sql;
    try {
      parseSync(sql);
      return sql;
    } catch {
      return quoted;
    }
  };
}
