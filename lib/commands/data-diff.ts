// Finds the rows that differ between two databases, and changes nothing.
import { join } from 'node:path';
import { type ComparedTable, compareTables } from '../data-sync/compare-tables.ts';
import { pairTables } from '../data-sync/counterparts.ts';
import { readShape } from '../data-sync/read-shapes.ts';
import { readingBoth } from '../data-sync/sessions.ts';
import type { BothSides, DifferenceCounts, PairingNote } from '../data-sync/shape.ts';
import { openSpool } from '../data-sync/spool.ts';
import { resolveJobs } from '../project/jobs.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import type { NamedTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { describeTarget, resolveEnd } from './clone.ts';

/** What is asked. */
export interface DataDiffInput {
  /** The environment or URL whose rows are the wanted ones. */
  readonly from?: string;
  /** The environment or URL that is compared with it. */
  readonly to?: string;
  /** How many sessions read each database; default: 4, or as many as there are processors. */
  readonly jobs?: number;
}

/** What differs in one table. */
export interface TableDifference extends DifferenceCounts {
  /** The target's table, qualified and quoted. */
  readonly name: string;
  /** The source's. */
  readonly source: string;
  /** What identifies a row. */
  readonly key: string;
  readonly rows: BothSides<number>;
  /** Rows that both sides have, equal. */
  readonly same: number;
}

/** What was found. */
export interface DataDiffReport {
  readonly source: NamedTarget;
  readonly target: NamedTarget;
  /** When each side was as it was read, by its own clock. */
  readonly asOf: BothSides<Date>;
  readonly tables: readonly TableDifference[];
  /** What became of tables and columns that are not compared as they are. */
  readonly notes: readonly PairingNote[];
  /** Whether all tables that are compared have the same rows, and none is refused. */
  readonly isSame: boolean;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Compares the rows of two databases.
 * @throws Problem `bad_option`, `bad_mask`, `sync_refused`, `ambiguous_key`, `lock_timeout`; of both connections
 */
export async function dataDiff(workspace: Workspace, input: DataDiffInput): Promise<DataDiffReport> {
  const ends = {
    from: await resolveEnd(workspace, '--from', input.from),
    to: await resolveEnd(workspace, '--to', input.to),
  };
  const start = workspace.world.now().getTime();
  return withRetries(workspace.world, (retries, reached) =>
    readingBoth(workspace.world, ends, resolveJobs(input.jobs), async ({ first, all, asOf }) => {
      reached();
      const [from, to] = [await readShape(first.from), await readShape(first.to)];
      const { pairs, notes } = pairTables(from, to, {
        tables: {},
        keys: {},
        isWanted: () => true,
        maskOf: () => undefined,
      });
      const spool = () => openSpool(join(workspace.project.root, '.pgmage'));
      const found = await compareTables(pairs, { crew: all, spool });
      await Promise.all(found.map(({ spool: one }) => one?.close()));
      const tables = found.map(tableDifference);
      const isEqual = tables.every(({ missing, changed, extra }) => missing + changed + extra === 0);
      return {
        source: describeTarget(workspace.project, ends.from),
        target: describeTarget(workspace.project, ends.to),
        asOf,
        tables,
        notes,
        isSame: isEqual && notes.every(({ forbids }) => forbids !== 'comparing'),
        durationMs: workspace.world.now().getTime() - start,
        retries: [...retries],
      };
    }),
  );
}

function tableDifference({ pair, rows, counts }: ComparedTable): TableDifference {
  return {
    name: pair.to.table.name,
    source: pair.from.table.name,
    key: pair.keyText,
    rows,
    ...counts,
    same: rows.from - counts.missing - counts.changed,
  };
}
