// A digest of SQL without its layout: equal for texts that differ only in comments and whitespace.
import { createHash } from 'node:crypto';
import { loadParser } from './parser.ts';
import { blankPsqlCommands } from './psql-commands.ts';

// Fields of the tree that hold positions in the text (source: parsenodes.h, primnodes.h).
const places = new Set(
  `location stmt_location stmt_len name_location type_location list_start list_end rexpr_list_start
    rexpr_list_end`.split(/\s+/),
);

/**
 * A digest of statements as the server's grammar reads them. Function bodies are strings, and count byte for
 * byte.
 * @returns null if the text is not SQL
 */
export async function digestStatements(text: string): Promise<string | null> {
  const parser = await loadParser();
  try {
    // The parser refuses a text without any character, such as an empty way down.
    const { stmts = [] } = parser.parseSync(`${blankPsqlCommands(text).sql}\n;`);
    const tree = JSON.stringify(stmts, (key, value: unknown) => (places.has(key) ? undefined : value));
    return createHash('sha256').update(tree).digest('hex').slice(0, 32);
  } catch {
    return null;
  }
}
