// The names in the body of an SQL routine, which the server keeps as text.
import { loadParser } from './parser.ts';

type Parser = Awaited<ReturnType<typeof loadParser>>;

/** A name as it is written, outermost part first; without its schema where the text has none. */
export type Mention = readonly string[];

/**
 * The relations, routines and types that the bodies of routines name.
 * @param definitions whole CREATE FUNCTION and CREATE PROCEDURE commands
 * @returns for each the names; none for a language other than SQL, and for a body that cannot be parsed
 */
export async function findMentions(definitions: readonly string[]): Promise<Mention[][]> {
  if (definitions.length === 0) return [];
  const parser = await loadParser();
  return definitions.map((definition) => {
    const body = bodyIn(parser, definition);
    const found: Mention[] = [];
    if (body !== undefined) collect(parsed(parser, body), found);
    return found;
  });
}

function parsed(parser: Parser, sql: string): unknown {
  try {
    return parser.parseSync(sql);
  } catch {
    // The text of a body is the user's: where it is wrong, the server says so when it runs.
    return undefined;
  }
}

function bodyIn(parser: Parser, definition: string): string | undefined {
  const options = valuesOf(parsed(parser, definition), 'CreateFunctionStmt').flatMap((node) =>
    valuesOf((node as { options?: unknown }).options, 'DefElem'),
  ) as { defname?: string; arg?: unknown }[];
  const language = textsIn(options.find(({ defname }) => defname === 'language')?.arg)[0];
  const [body] = textsIn(options.find(({ defname }) => defname === 'as')?.arg);
  return language?.toLowerCase() === 'sql' ? body : undefined;
}

function collect(value: unknown, found: Mention[]): void {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (typeof value === 'object' && value !== null) {
    const { schemaname, relname, funcname, names } = value as Readonly<Record<string, unknown>>;
    if (typeof relname === 'string')
      found.push(typeof schemaname === 'string' ? [schemaname, relname] : [relname]);
    for (const name of [funcname, names]) if (Array.isArray(name)) found.push(textsIn(name).slice(-2));
    for (const inner of Object.values(value)) collect(inner, found);
  }
}

// All values of a field, however deep.
function valuesOf(value: unknown, field: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(item, field));
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as Readonly<Record<string, unknown>>)[field];
  return own === undefined ? Object.values(value).flatMap((inner) => valuesOf(inner, field)) : [own];
}

const textsIn = (value: unknown): string[] =>
  valuesOf(value, 'sval').filter((text): text is string => typeof text === 'string');
