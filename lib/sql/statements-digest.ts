// What SQL says apart from its layout: the same for texts that differ in comments and blanks alone.
import { createHash } from 'node:crypto';
import { loadParser } from './parser.ts';
import { withoutNoise } from './psql-commands.ts';

// Where something stands in the text (source: parsenodes.h, primnodes.h).
const places = new Set(
  `location stmt_location stmt_len name_location type_location list_start list_end rexpr_list_start rexpr_list_end`.split(
    ' ',
  ),
);

/**
 * A digest of statements as the server's grammar reads them. Bodies of functions are texts, and count byte for byte.
 * @returns null for what is no SQL
 */
export async function meaningOf(text: string): Promise<string | null> {
  const parser = await loadParser();
  try {
    const { stmts = [] } = parser.parseSync(withoutNoise(text).sql);
    const tree = JSON.stringify(stmts, (key, value: unknown) => (places.has(key) ? undefined : value));
    return createHash('sha256').update(tree).digest('hex').slice(0, 32);
  } catch {
    return null;
  }
}
