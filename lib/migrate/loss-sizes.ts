// The tables of statements that lose data, with their rows. A user wrote these statements: no step of a plan
// knows their tables.
import { readTableSizes, type TableSize } from '../compare/impact.ts';
import { isTable } from '../kinds/named-objects.ts';
import { toOneLine } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { qualify } from '../model/quote.ts';
import type { Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { findAltered, namesIn } from './by-hand.ts';
import { describeSize, type LossCounts, listLosses } from './losses.ts';
import { followRenames } from './renamed-paths.ts';
import { findWritten, withoutComments } from './rows-by-hand.ts';

/** The statements that lose data: those of a plan, and others. */
export interface LosingStatements {
  readonly steps: readonly Step[];
  /** Each on one line. Those of the plan are left out. */
  readonly others: readonly string[];
  /** The files that have these, in the order in which they run. */
  readonly files: readonly TextFile[];
}

/**
 * The statements that lose data, for display.
 * @param connection null: the statements that are not of the plan stand without rows
 * @param actual the database
 * @param counts left out: all stand without rows
 * @throws Problem of the connection
 */
export async function listAllLosses(
  connection: Connection | null,
  { steps, others, files }: LosingStatements,
  actual: Catalog,
  counts?: LossCounts,
): Promise<string[]> {
  const planned = new Set(listLosses(steps));
  const byHand = others.filter((one) => !planned.has(one));
  const own =
    counts === undefined || connection === null ? byHand : await addSizes(connection, byHand, files, actual);
  return [...listLosses(steps, counts), ...own];
}

// Tables that the database does not have are left out.
async function addSizes(
  connection: Connection,
  lost: readonly string[],
  files: readonly TextFile[],
  { facts }: Catalog,
): Promise<string[]> {
  if (lost.length === 0) return [];
  const tables = [...facts.values()].filter(isTable);
  const parsed = await parseFiles(files);
  const run = parsed.flatMap(({ runnable, statements }) =>
    statements.map(({ start, end }) => runnable.slice(start, end)),
  );
  const named = lost.map((sql) => ({ sql, names: tablesIn(sql, tables, run) }));
  const sizes = await readTableSizes(connection, new Set(named.flatMap(({ names }) => names)));
  return named.map(({ sql, names }) => {
    const known = names.flatMap((name): TableSize[] =>
      sizes.has(name) ? [sizes.get(name) as TableSize] : [],
    );
    return known.length === 0 ? sql : `${sql} (${known.map(describeSize).join('; ')})`;
  });
}

const plain = (sql: string) => toOneLine(withoutComments(sql));

// The tables by their names in the database. What is in no file was written by pgmage, with the names at the
// end.
function tablesIn(sql: string, tables: readonly Fact[], run: readonly string[]): string[] {
  const places = [...run.keys()].filter((at) => plain(run[at] ?? '') === plain(sql));
  const ways = (places.length > 0 ? places : [run.length]).map((at) => run.slice(0, at));
  const written = [...findAltered(sql), ...findWritten(sql)].map(namesIn);
  const found = ways.flatMap((before) => written.flatMap((names) => findTable(names, tables, before)));
  return [...new Set(found)];
}

// A name without its schema may mean one of several, as the search path of the statement has it.
function findTable(names: readonly string[], tables: readonly Fact[], before: readonly string[]): string[] {
  const found = tables.filter(({ path }) => isNamed(names, followRenames(path, before)));
  return found.length === 1 ? found.map(({ path }) => qualify(path)) : [];
}

const isNamed = (names: readonly string[], path: readonly string[]) =>
  names.every((name, at) => path.at(at - names.length) === name);
