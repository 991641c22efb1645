// The differences of tables in an order in which parts of them can be committed: foreign keys hold after each
// part.

import type { ComparedTable } from './compare-tables.ts';
import { encodeLine } from './copy-lines.ts';
import { readDifferences } from './fetch-rows.ts';
import { groupTables } from './groups.ts';
import { formatDifference } from './merge-buckets.ts';
import type { ForeignKeyShape, RowDifference, TablePair } from './shape.ts';
import type { Spool } from './spool.ts';
import { writtenColumn } from './stages.ts';

/** One difference, in its place. */
export interface BatchStep {
  readonly pair: TablePair;
  readonly difference: RowDifference;
  /** False: the next difference has to be in the same batch. */
  readonly mayEnd: boolean;
}

/** The tables of a run, and what their order follows from. */
export interface BatchInput {
  readonly tables: readonly ComparedTable[];
  /** Of the target. */
  readonly foreignKeys: readonly ForeignKeyShape[];
  /** True if extra rows of the target stay. */
  readonly keepDeleted: boolean;
}

/**
 * The differences of tables. Within a group that foreign keys connect, new and changed rows come first, those
 * of referenced tables before those that refer to them. Then rows are deleted, in the opposite order.
 */
export async function* orderSteps({
  tables,
  foreignKeys,
  keepDeleted,
}: BatchInput): AsyncGenerator<BatchStep, void, undefined> {
  const byName = new Map(
    tables.flatMap((one) => (one.spool === null ? [] : [[one.pair.to.table.name, one] as const])),
  );
  for (const group of groupTables({ tables: byName, foreignKeys })) {
    for (const table of group) yield* stepsOf(table, keepDeleted ? 'kept' : 'fresh');
    if (!keepDeleted) for (const table of [...group].reverse()) yield* stepsOf(table, 'gone');
  }
}

async function* stepsOf(
  table: ComparedTable,
  part: 'fresh' | 'gone' | 'kept',
): AsyncGenerator<BatchStep, void, undefined> {
  const { pair, counts } = table;
  const isUnit = part !== 'kept' && mayMeet(table);
  if (isUnit && part === 'gone') return;
  let left = isUnit ? counts.missing + counts.changed + counts.extra : 0;
  for await (const difference of readDifferences(table))
    if (isUnit || (difference.kind === 'extra') === (part === 'gone')) {
      left -= 1;
      yield { pair, difference, mayEnd: left <= 0 };
    }
}

// The server can take the key of a new row for that of one which goes: 'A' and 'a', 1.0 and 1.00.
function mayMeet({ pair, counts }: ComparedTable): boolean {
  const isLoose = pair.key.some(({ name }) => !writtenColumn(pair, name).isExact);
  return isLoose && counts.missing > 0 && counts.extra > 0;
}

/** Differences that are changed in one transaction. */
export interface RowBatch {
  /** The tables, each with its differences. */
  tables(): readonly { readonly pair: TablePair; readonly spool: Spool }[];
  /** The number of rows. */
  rows(): number;
  /** True if no difference is left behind it. */
  isLast(): boolean;
  /** Takes more rows. */
  grow(rows: number): Promise<void>;
}

/**
 * Takes differences in batches. A batch ends when the caller asks for the next one.
 * @param size rows of a batch; some more where rows cannot be parted
 * @param open opens the place for the differences of one table
 */
export async function* makeBatches(
  steps: AsyncGenerator<BatchStep, void, undefined>,
  size: number,
  open: () => Promise<Spool>,
): AsyncGenerator<RowBatch, void, undefined> {
  let next = await steps.next();
  while (!next.done) {
    const spools = new Map<TablePair, Spool>();
    let rows = 0;
    const grow = async (more: number) => {
      const until = rows + more;
      for (let mayEnd = true; !next.done && (rows < until || !mayEnd); ) {
        const { pair, difference } = next.value;
        mayEnd = next.value.mayEnd;
        const spool = spools.get(pair) ?? (await open());
        spools.set(pair, spool);
        await spool.write(encodeLine(formatDifference(difference)));
        rows += difference.copies;
        next = await steps.next();
      }
    };
    await grow(size);
    yield {
      tables: () => [...spools].map(([pair, spool]) => ({ pair, spool })),
      rows: () => rows,
      isLast: () => next.done === true,
      grow,
    };
    await Promise.all([...spools.values()].map((spool) => spool.close()));
  }
}
