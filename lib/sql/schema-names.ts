// Gives schemas other names in SQL, where it is certain that a name is a schema's.
import { literal, quote } from '../model/quote.ts';
import {
  findSchemaUse,
  hasEscapes,
  isUnread,
  loadTokens,
  type ReadTokens,
  type SchemaToken,
  type SchemaUse,
} from './schema-tokens.ts';

/** The new names of schemas, by the old ones. */
export type SchemaNames = ReadonlyMap<string, string>;

/** SQL with other names, and what was replaced: indices of the old text, and the new parts. */
export interface RenamedSql {
  readonly sql: string;
  readonly edits: readonly { readonly start: number; readonly end: number; readonly text: string }[];
}

/** Renames schemas in SQL. */
export class SchemaRenamer {
  readonly #read: ReadTokens;
  readonly #names: SchemaNames;
  readonly #path: string | null;
  readonly #mentions: readonly string[];

  private constructor(read: ReadTokens, names: SchemaNames, path: string | null) {
    this.#read = read;
    this.#names = names;
    this.#path = path;
    const words = [...names.keys(), ...(path === null ? [] : ['search_path'])];
    this.#mentions = words.map((word) => longestRun(word.toLowerCase()));
  }

  /**
   * Loads PostgreSQL's scanner.
   * @param path the search path that stands for DEFAULT; null: DEFAULT stays
   */
  static async load(names: SchemaNames, path: string | null = null): Promise<SchemaRenamer> {
    return new SchemaRenamer(await loadTokens(), names, path);
  }

  /** The same SQL, in which the schemas have their new names. */
  rename(sql: string): RenamedSql {
    const unchanged = { sql, edits: [] };
    const small = sql.toLowerCase();
    if (!this.#mentions.some((word) => small.includes(word))) return unchanged;
    const tokens = this.#read(sql) ?? [];
    const bytes = Buffer.from(sql);
    const indexOf = (byte: number) =>
      bytes.length === sql.length ? byte : bytes.toString('utf8', 0, byte).length;
    const edits = tokens.flatMap((token, at) => {
      const text = this.#replace(token, findSchemaUse(tokens, at));
      const isSame = text === null || text === token.raw;
      return isSame ? [] : [{ start: indexOf(token.start), end: indexOf(token.end), text }];
    });
    if (edits.length === 0) return unchanged;
    const starts = [...edits.map(({ start }) => start), sql.length];
    const pieces = edits.map(({ end, text }, at) => text + sql.slice(end, starts[at + 1]));
    return { sql: sql.slice(0, starts[0]) + pieces.join(''), edits };
  }

  // null: it stays.
  #replace(token: SchemaToken, use: SchemaUse | null): string | null {
    const { raw, name, text } = token;
    if (isUnread(token) || hasEscapes(token)) return null;
    if (use === 'path') return this.#path;
    const schema = this.#names.get(name ?? text ?? '');
    if (use === 'name') return schema === undefined ? null : quote(schema);
    if (text === null) return null;
    if (use === 'text' || use === 'column') return schema === undefined ? null : literal(schema);
    if (use === 'namespace') return change(text, literal, () => this.#namespace(text));
    if (use === 'object') return change(text, literal, () => this.rename(text).sql);
    return use === 'code' ? this.#body(raw, text) : null;
  }

  #body(raw: string, text: string): string | null {
    const [tag] = /^\$[^$]*\$/.exec(raw) ?? [];
    return change(
      text,
      (body) => (tag !== undefined && endsAt(body, tag) ? tag + body + tag : literal(body)),
      () => this.rename(text).sql,
    );
  }

  #namespace(text: string): string {
    const [only, ...more] = this.#read(text) ?? [];
    const schema = more.length > 0 ? undefined : this.#names.get(only?.name ?? '');
    return schema === undefined ? text : quote(schema);
  }
}

// A new name can hold the quotes that it stands in: the rest of the body would run by itself.
const endsAt = (body: string, tag: string) => (body + tag).indexOf(tag) === body.length;

// null: the content stays, and with it the text as it was written.
function change(text: string, write: (text: string) => string, find: () => string): string | null {
  const found = find();
  return found === text ? null : write(found);
}

// The longest part of a name that is the same in every kind of quotes.
const longestRun = (name: string) =>
  name.split(/['"\\]/).reduce((longest, part) => (part.length > longest.length ? part : longest), '');

/** The index in the old SQL of an index in the renamed one. */
export function findOldIndex({ edits }: RenamedSql, index: number): number {
  let shift = 0;
  for (const { start, end, text } of edits) {
    if (index < start + shift) break;
    if (index < start + shift + text.length) return start;
    shift += text.length - (end - start);
  }
  return index - shift;
}
