// Finds the rows that differ between two databases, and changes nothing.
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ComparedTable, compareTables } from '../data-sync/compare-tables.ts';
import {
  type ComparisonInput,
  makeRowsReport,
  type RowComparison,
  resolveEnds,
  withComparison,
} from '../data-sync/comparison.ts';
import { countUnmapped } from '../data-sync/ids-checks.ts';
import { type RowDetail, readDetails } from '../data-sync/row-details.ts';
import type { BothSides, DifferenceCounts, PairingNote } from '../data-sync/shape.ts';
import { Problem } from '../problem/problem.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import type { NamedTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';

/** The options of `data:diff`. */
export interface DataDiffInput extends ComparisonInput {
  /** Read the first rows that differ in each table, with their values. */
  readonly rows?: boolean;
  /** Count the changed rows by column. */
  readonly columns?: boolean;
  /** A file for all rows that differ, one JSON object on each line. */
  readonly out?: string;
}

/** The differences of one table. */
export interface TableDifference extends DifferenceCounts {
  /** The target's table, qualified and quoted. */
  readonly name: string;
  /** The source's. */
  readonly source: string;
  /** The columns that identify a row. */
  readonly key: string;
  readonly rows: BothSides<number>;
  /** Rows of the target without an old id. pgmage never compares or deletes these. */
  readonly unmapped: number;
  /** Rows that both sides have, equal. */
  readonly same: number;
  /** With `columns`: how many changed rows differ in each column. */
  readonly columns?: Readonly<Record<string, number>>;
  /** With `rows`: the first ones. */
  readonly details?: readonly RowDetail[];
}

/** The report of `data:diff`. */
export interface DataDiffReport {
  readonly source: NamedTarget;
  readonly target: NamedTarget;
  /** When each side was as it was read, by its own clock. */
  readonly asOf: BothSides<Date>;
  readonly tables: readonly TableDifference[];
  /** Notes on tables and columns that are not compared as they are. */
  readonly notes: readonly PairingNote[];
  /** True if a table was compared, all that were have the same rows, and none is refused. */
  readonly isSame: boolean;
  /** The file that has all rows that differ. */
  readonly file: string | null;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/** The number of rows of a table that `rows` shows. */
export const shownRows = 20;

/**
 * Compares the rows of two databases.
 * @throws Problem `bad_option`, `bad_config`, `bad_mask`, `sync_refused`, `ambiguous_key`, `lock_timeout`,
 * `unwritable_file`; of both connections
 */
export async function dataDiff(workspace: Workspace, input: DataDiffInput): Promise<DataDiffReport> {
  const ends = await resolveEnds(workspace, input);
  const { world, project } = workspace;
  const start = world.now().getTime();
  const file = input.out === undefined ? null : resolve(project.root, input.out);
  return withRetries(
    world,
    (retries, reached) =>
      withComparison(workspace, ends, input, async (comparison) => {
        reached();
        const tables = await differences(workspace, comparison, input, file);
        const { named, asOf, notes } = comparison;
        const isEqual = tables.every(({ missing, changed, extra }) => missing + changed + extra === 0);
        return {
          source: named.from,
          target: named.to,
          asOf,
          tables,
          notes,
          isSame: tables.length > 0 && isEqual && notes.every(({ forbids }) => forbids !== 'comparing'),
          file,
          durationMs: world.now().getTime() - start,
          retries: [...retries],
        };
      }),
    ['read_cancelled'],
  );
}

async function differences(
  workspace: Workspace,
  { all, first, pairs, spool }: RowComparison,
  { rows = false, columns = false }: DataDiffInput,
  file: string | null,
): Promise<TableDifference[]> {
  const onRows = makeRowsReport(workspace, pairs, 'Comparing');
  const found = await compareTables(pairs, { crew: all, spool, onRows });
  const out = file === null ? null : await openOut(file);
  const tables: TableDifference[] = [];
  try {
    for (const one of found) {
      const details: RowDetail[] = [];
      const changed = new Map<string, number>();
      if (rows || columns || out !== null)
        for await (const detail of readDetails(first, one, columns || out !== null ? undefined : shownRows)) {
          if (details.length < shownRows) details.push(detail);
          if (detail.kind === 'changed')
            for (const name of Object.keys(detail.new ?? {})) changed.set(name, (changed.get(name) ?? 0) + 1);
          await out?.write(`${JSON.stringify(detail)}\n`);
        }
      tables.push({
        ...tableDifference(one, await countUnmapped(first.to, one.pair)),
        ...(columns && { columns: Object.fromEntries(changed) }),
        ...(rows && { details }),
      });
    }
  } finally {
    await out?.close();
  }
  return tables;
}

// The rows of both databases are for their owner alone.
async function openOut(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'w', 0o600);
  } catch (thrown) {
    throw new Problem('unwritable_file', { file, reason: (thrown as Error).message }, { cause: thrown });
  }
}

function tableDifference({ pair, rows, counts }: ComparedTable, unmapped: number): TableDifference {
  return {
    name: pair.to.table.name,
    source: pair.from.table.name,
    key: pair.keyText,
    rows,
    ...counts,
    unmapped,
    same: rows.from - counts.missing - counts.changed,
  };
}
