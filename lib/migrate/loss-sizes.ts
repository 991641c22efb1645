// The tables of statements that lose data, with their rows. A user wrote these statements: no step of a plan
// knows their tables.
import { readTableSizes, type TableSize } from '../compare/impact.ts';
import { isTable } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { qualify } from '../model/quote.ts';
import type { Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { findAltered, namesIn } from './by-hand.ts';
import { describeSize, type LossCounts, listLosses } from './losses.ts';
import { findWritten } from './rows-by-hand.ts';

/** The statements that lose data: those of a plan, and others. */
export interface LosingStatements {
  readonly steps: readonly Step[];
  /** Each on one line. Those of the plan are left out. */
  readonly others: readonly string[];
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
  { steps, others }: LosingStatements,
  actual: Catalog,
  counts?: LossCounts,
): Promise<string[]> {
  const planned = new Set(listLosses(steps));
  const byHand = others.filter((one) => !planned.has(one));
  const own =
    counts === undefined || connection === null ? byHand : await addSizes(connection, byHand, actual);
  return [...listLosses(steps, counts), ...own];
}

// Tables that the database does not have are left out.
async function addSizes(
  connection: Connection,
  statements: readonly string[],
  { facts }: Catalog,
): Promise<string[]> {
  if (statements.length === 0) return [];
  const tables = [...facts.values()].filter(isTable);
  const lost = statements.map((sql) => ({ sql, names: tablesIn(sql, tables) }));
  const sizes = await readTableSizes(connection, new Set(lost.flatMap(({ names }) => names)));
  return lost.map(({ sql, names }) => {
    const known = names.flatMap((name): TableSize[] =>
      sizes.has(name) ? [sizes.get(name) as TableSize] : [],
    );
    return known.length === 0 ? sql : `${sql} (${known.map(describeSize).join('; ')})`;
  });
}

function tablesIn(sql: string, tables: readonly Fact[]): string[] {
  const found = [...findAltered(sql), ...findWritten(sql)].flatMap((written) => {
    const names = namesIn(written);
    const isNamed = ({ path }: Fact) => names.every((name, at) => path.at(at - names.length) === name);
    const [one, ...others] = tables.filter(isNamed);
    // A name without its schema may mean one of several, as the search path of the statement has it.
    return one === undefined || others.length > 0 ? [] : [qualify(one.path)];
  });
  return [...new Set(found)];
}
