// SQL text → statements with their places, by the server's own grammar (libpg-query, loaded when first
// needed).

import { findCharacter, findCodeStart, locate } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import { loadParser } from './parser.ts';
import { blankPsqlCommands, blankText, type PsqlScript } from './psql-commands.ts';
import { simulateDdl } from './simulated-ddl.ts';
import {
  changesWhatFollows,
  isBoundary,
  isOfOneTable,
  isSetting,
  isSkipped,
  type Node,
  needsRoles,
  readBodyExtensions,
  readExtension,
  readMadeRoles,
  readRoles,
  runsConcurrently,
} from './statement.ts';
import { readBodyTablespaces, readTablespaces } from './tablespaces.ts';

/** One statement of a file. */
export interface ParsedStatement {
  /** Indices into the file's text; the semicolon is outside. */
  readonly start: number;
  readonly end: number;
  /** The grammar's name for it, e.g. `CreateStmt`. */
  readonly tag: string;
  /** It changes how the statements after it are understood (SET, set_config). */
  readonly setting: boolean;
  /**
   * True for a statement on a table ONLY that later also applies to attached partitions (CREATE INDEX ON
   * ONLY).
   */
  readonly alone?: true;
  /**
   * It changes what later statements make, not how they are understood (ALTER DEFAULT PRIVILEGES, CREATE
   * EVENT TRIGGER).
   */
  readonly divides?: true;
  /** SQL to the same effect, for a server that lacks the library that the statement needs. */
  readonly byHand?: string;
}

/** A file of SQL, understood. */
export interface SqlFile {
  /** As people call it: the path they gave. */
  readonly file: string;
  readonly text: string;
  /**
   * The text to run inside a transaction of a throw-away database, as long as `text` so that positions match.
   * psql's commands, rows, transaction control, statements about the whole server, and CONCURRENTLY are
   * blanked.
   */
  readonly runnable: string;
  /** The statements that `runnable` still holds. */
  readonly statements: readonly ParsedStatement[];
  /** Names of roles that it mentions, without the server's own. */
  readonly roles: readonly string[];
  /** Those of them that must exist before it runs, or be created by it. */
  readonly usedRoles: readonly string[];
  /** Names of roles that it creates, and texts of DO blocks that create some. */
  readonly madeRoles: readonly string[];
  /** Names of extensions that it creates, or may create in the body of a DO block or a function. */
  readonly extensions: readonly string[];
  /** Names of tablespaces that it mentions, without the server's own. */
  readonly tablespaces: readonly string[];
  /** The statements that begin or end transactions, by their word; savepoints are not among them. */
  readonly boundaries: readonly { readonly word: string; readonly index: number }[];
}

// Trees take about a hundred times the memory of their text, so a big file is parsed a piece at a time.
const pieceLength = 1 << 17;

/**
 * Parses a file.
 * @throws Problem `invalid_sql` with file, line and caret
 */
export async function parseSql(file: string, text: string): Promise<SqlFile> {
  const found: Found = {
    statements: [],
    roles: new Set(),
    usedRoles: new Set(),
    madeRoles: [],
    extensions: new Set(),
    tablespaces: new Set(),
    boundaries: [],
    blanks: [],
  };
  const sql = await visitStatements(file, text, (tree, script) => addStatement(found, script, tree));
  const { statements, madeRoles, boundaries, blanks } = found;
  const runnable = blanked(sql, blanks);
  const roles = { roles: [...found.roles], usedRoles: [...found.usedRoles], madeRoles };
  const names = { extensions: [...found.extensions], tablespaces: [...found.tablespaces] };
  return { file, text, runnable, statements, ...roles, ...names, boundaries };
}

/**
 * Visits the trees of a file's statements, in their order. A visitor that keeps them needs much memory.
 * @param visit receives a tree and the text without psql's commands, in which positions match
 * @returns that text
 * @throws Problem `invalid_sql` with file, line and caret
 */
export async function visitStatements(
  file: string,
  text: string,
  visit: (tree: PlacedTree, sql: string) => void,
): Promise<string> {
  const parser = await loadParser();
  const script = blankPsqlCommands(text);
  const [refused] = script.refused;
  if (refused) throw psqlCommand(file, text, refused);
  for (const { from, to } of pieces(script.sql, script.ends)) {
    const piece = script.sql.slice(from, to);
    const { stmts = [] } = attempt(file, text, from, () => parser.parseSync(piece));
    const at = indexOfByte(piece);
    for (const { stmt, stmt_location = 0, stmt_len } of stmts) {
      const start = from + at(stmt_location);
      const end = stmt_len ? from + at(stmt_location + stmt_len) : to;
      const [tag, node] = Object.entries(stmt ?? {})[0] as [string, Node];
      visit({ tag, node, start, end, to, byte: stmt_location }, script.sql);
    }
  }
  return script.sql;
}

/** The content of a file. */
interface Found {
  readonly statements: ParsedStatement[];
  readonly roles: Set<string>;
  readonly usedRoles: Set<string>;
  readonly madeRoles: string[];
  readonly extensions: Set<string>;
  readonly tablespaces: Set<string>;
  readonly boundaries: SqlFile['boundaries'][number][];
  /** The parts that are not run. */
  readonly blanks: { from: number; to: number }[];
}

/** A statement's tree, and where it stands in its file. */
export interface PlacedTree {
  readonly tag: string;
  readonly node: Node;
  readonly start: number;
  readonly end: number;
  /** The end of the piece that was parsed. */
  readonly to: number;
  /** The place of `start` as locations in the tree count: in bytes from the start of that piece. */
  readonly byte: number;
}

function addStatement(found: Found, sql: string, { tag, node, start, end, to }: PlacedTree): void {
  for (const role of readRoles(tag, node)) {
    found.roles.add(role);
    if (needsRoles(tag)) found.usedRoles.add(role);
  }
  found.madeRoles.push(...readMadeRoles(tag, node, sql.slice(start, end)));
  const extension = readExtension(tag, node);
  if (extension !== undefined) found.extensions.add(extension);
  for (const name of readBodyExtensions(tag, sql.slice(start, end))) found.extensions.add(name);
  const own = sql.slice(start, end);
  for (const name of [...readTablespaces(node, own), ...readBodyTablespaces(tag, own)])
    found.tablespaces.add(name);
  if (isBoundary(tag, node)) {
    const index = findCodeStart(sql, start);
    found.boundaries.push({ word: /^\w+/.exec(sql.slice(index))?.[0].toUpperCase() ?? '', index });
  }
  if (isSkipped(tag, node)) {
    found.blanks.push({ from: start, to: Math.min(end + 1, to) });
    return;
  }
  if (runsConcurrently(tag, node)) {
    const word = /\bconcurrently\b/i.exec(sql.slice(start, end));
    if (word) found.blanks.push({ from: start + word.index, to: start + word.index + word[0].length });
  }
  const instead = simulateDdl(tag, node);
  found.statements.push({
    start,
    end,
    tag,
    setting: isSetting(tag, node),
    ...(isOfOneTable(tag, node) ? { alone: true } : {}),
    ...(changesWhatFollows(tag) ? { divides: true } : {}),
    ...(instead === undefined ? {} : { byHand: instead }),
  });
}

/** The trees of statements that the parser takes; it throws its own error for others. */
export async function parseTree(sql: string): Promise<unknown> {
  const { parseSync } = await loadParser();
  return parseSync(sql).stmts ?? [];
}

// Blanked rows keep their length. A piece does not begin with them and does not contain them.
function* pieces(sql: string, ends: readonly number[]): Generator<{ from: number; to: number }> {
  const space = /\s*/y;
  let from = 0;
  for (const [index, to] of [...ends, sql.length].entries()) {
    const next = ends[index + 1] ?? sql.length;
    if (to - from < pieceLength && next - to < pieceLength && to < sql.length) continue;
    space.lastIndex = from;
    space.test(sql);
    if (space.lastIndex < to) yield { from: space.lastIndex, to };
    from = to;
  }
}

function attempt<T>(file: string, text: string, offset: number, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const details = (thrown as { sqlDetails?: { message: string; cursorPosition: number } }).sqlDetails;
    if (details === undefined) throw new Problem('internal', { reason: String(thrown) }, { cause: thrown });
    // The parser counts characters from 0.
    const index = offset + findCharacter(text.slice(offset), details.cursorPosition + 1);
    throw invalid(file, text, index, details.message);
  }
}

// The files that psql would include can be named in the configuration.
function psqlCommand(file: string, text: string, { command, index }: PsqlScript['refused'][number]): Problem {
  const hint =
    /^i/.test(command) && !/^if/.test(command)
      ? 'Remove it. If these are schema files, name each of them, or their folder, in `schema` of the' +
        " configuration: schema: ['a.sql', 'b.sql']."
      : 'Remove it: pgmage runs SQL alone.';
  return invalid(file, text, index, `\\${command} is a command of psql, which pgmage does not run`, hint);
}

function invalid(
  file: string,
  text: string,
  index: number,
  ...[message, hint = null]: readonly [message: string, hint?: string | null]
): Problem {
  const nothing = { environment: null, detail: null, hint, context: null, position: null };
  const where = locate(file, text, Math.min(index, text.trimEnd().length));
  return new Problem('invalid_sql', { ...nothing, message, sqlstate: '42601' }, { where });
}

// The grammar counts bytes of UTF-8. Asked from left to right, so that a text is walked once.
function indexOfByte(text: string): (byte: number) => number {
  if (Buffer.byteLength(text) === text.length) return (byte) => byte;
  let index = 0;
  let passed = 0;
  return (byte) => {
    while (passed < byte && index < text.length) {
      const code = text.codePointAt(index) as number;
      passed += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      index += code < 0x10000 ? 1 : 2;
    }
    return index;
  };
}

function blanked(text: string, blanks: readonly { from: number; to: number }[]): string {
  const parts: string[] = [];
  let copied = 0;
  for (const { from, to } of blanks) {
    parts.push(text.slice(copied, from), blankText(text.slice(from, to)));
    copied = to;
  }
  return parts.join('') + text.slice(copied);
}
