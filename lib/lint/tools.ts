// The tools whose migrations db:lint reads: their files that lead forward, and the parts of these that do.
import { detectLayout, type Layout, type LayoutTraces, layouts } from '../migration/layouts.ts';
import { keepRange } from '../migration/parts.ts';

/** How db:lint reads the migrations of a tool. */
export interface LintedTool {
  /** Its name, as people know it. */
  readonly tool: string;
  /** True if a path inside of the folder is that of a migration. Left out: every file is one. */
  isMigration?(path: string): boolean;
  /** The part of a text that leads forward, in its place. */
  keepUp(text: string): string;
  /** True if the tool puts a file with this text into a transaction. */
  isWrapped(text: string): boolean;
}

/** The tool of a layout. */
function ofLayout(layout: Layout): LintedTool {
  return {
    tool: layout.tool,
    isMigration: (path) => layout.nameOf(path) !== null,
    keepUp: (text) => keepRange(layout.plain?.(text) ?? text, layout.up(text)),
    isWrapped: (text) => isWrapped(layout, text, layout.up(text).start),
  };
}

/**
 * True if the tool of a layout puts a file into a transaction.
 * @param start where the part begins that leads forward
 */
export function isWrapped({ name }: Layout, text: string, start: number): boolean {
  // Prisma and Supabase send a file whole, which is one transaction only if it has several statements.
  if (name === 'dbmate') return !/transaction:\s*false/.test(text.slice(0, start));
  if (name === 'graphile-migrate') return !/^--! no-transaction/m.test(text);
  return name === 'node-pg-migrate';
}

/** The lines from each marker of the way up to the next one of the way back; others are blank. */
function keepBetween(text: string, up: RegExp, down: RegExp): string {
  let isUp = false;
  return text.replace(/[^\r\n]+/g, (line) => {
    isUp = up.test(line) || (isUp && !down.test(line));
    return isUp ? line : ' '.repeat(line.length);
  });
}

// Source: internal/sqlparser of goose 3. StatementBegin and StatementEnd only stand around one statement.
const goose: LintedTool = {
  tool: 'goose',
  keepUp: (text) => keepBetween(text, /^\s*--\s*\+goose\s+up\b/i, /^\s*--\s*\+goose\s+down\b/i),
  isWrapped: (text) => !/^\s*--\s*\+goose\s+no\s+transaction\b/im.test(text),
};

// Source: sqlparse of sql-migrate.
const sqlMigrate: LintedTool = {
  tool: 'sql-migrate',
  keepUp: (text) => keepBetween(text, /^-- \+migrate up\b/i, /^-- \+migrate down\b/i),
  isWrapped: (text) => !/^-- \+migrate up\b.*\bnotransaction\b/im.test(text),
};

const ternMarker = /^---- create above \/ drop below ----/m;

// Source: README of tern, "Migrations".
const tern: LintedTool = {
  tool: 'tern',
  keepUp: (text) => keepRange(text, { start: 0, end: ternMarker.exec(text)?.index ?? text.length }),
  isWrapped: (text) => !/^---- tern: disable-tx ----/m.test(text),
};

// Its files begin and commit themselves (source: sqitchtutorial).
const sqitch: LintedTool = {
  tool: 'Sqitch',
  isMigration: (path) => /(^|\/)deploy\/.+\.sql$/.test(path),
  keepUp: (text) => text,
  isWrapped: () => false,
};

// Source: atlasgo.io, "Transaction configuration": each file is one, if it does not say otherwise.
const atlas: LintedTool = {
  tool: 'Atlas',
  isMigration: (path) => !path.includes('/'),
  keepUp: (text) => text,
  isWrapped: (text) => !/^-- atlas:txmode none\b/m.test(text),
};

// In the folder `supabase` are also rows and tests.
const supabase: LintedTool = {
  ...ofLayout(layouts.supabase),
  isMigration: (path) => /(^|\/)migrations\/\d[^/]*\.sql$/.test(path),
};

/** The tool of a single file by the markers in its text; null: it has none, or is pgmage's own. */
export function detectMarked(text: string): LintedTool | null {
  if (/^\s*--\s*\+goose\s+(up|down)\b/im.test(text)) return goose;
  if (/^-- \+migrate (up|down)\b/im.test(text)) return sqlMigrate;
  if (ternMarker.test(text)) return tern;
  // A header of pgmage's own, of a draft.
  if (/^-- Transaction: \w+$/m.test(text)) return null;
  const layout = detectLayout({ paths: [], text });
  return layout === null ? null : ofLayout(layout);
}

/** The tool of a folder by its paths, and by the text of its first file; null: each file counts by itself. */
export function detectTool(traces: LayoutTraces): LintedTool | null {
  const { paths, text } = traces;
  const has = (form: RegExp) => paths.some((path) => form.test(path));
  if (has(/^sqitch\.plan$/) || (has(/^deploy\/.+\.sql$/) && has(/^revert\/.+\.sql$/))) return sqitch;
  if (has(/^(supabase\/)?config\.toml$/) && has(/^(supabase\/)?migrations\/\d[^/]*\.sql$/)) return supabase;
  const layout = detectLayout(traces);
  if (layout !== null) return ofLayout(layout);
  return paths.includes('atlas.sum') && detectMarked(text) === null ? atlas : null;
}

/**
 * The places of Sqitch's changes in the text of its plan. A change that was reworked has its first place
 * under `name@`, and its last one under its name.
 */
export function readPlan(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  // Pragmas begin with %, tags with @, comments with #.
  const names = text.split(/\r?\n/).flatMap((line) => /^\s*\+?([^\s%@#][^\s@]*)/.exec(line)?.[1] ?? []);
  for (const [at, name] of names.entries()) {
    if (!found.has(`${name}@`)) found.set(`${name}@`, at);
    found.set(name, at);
  }
  return found;
}
