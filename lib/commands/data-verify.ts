// Counts and hashes the rows of every table of two databases, and changes nothing.

import { hashTables, type TableHashes } from '../data-sync/compare-tables.ts';
import {
  type ComparisonInput,
  makeRowsReport,
  resolveEnds,
  withComparison,
} from '../data-sync/comparison.ts';
import type { BothSides, PairingNote } from '../data-sync/shape.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import type { NamedTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';

/** The rows of one table on both sides. */
export interface VerifiedTable extends TableHashes {
  /** The target's table, qualified and quoted. */
  readonly name: string;
  readonly isSame: boolean;
}

/** The report of `data:verify`. */
export interface DataVerifyReport {
  readonly source: NamedTarget;
  readonly target: NamedTarget;
  /** When each side was as it was read, by its own clock. */
  readonly asOf: BothSides<Date>;
  readonly tables: readonly VerifiedTable[];
  /** Notes on tables and columns that are not compared as they are. */
  readonly notes: readonly PairingNote[];
  /** True if a table was compared, all that were have the same rows, and none is refused. */
  readonly isSame: boolean;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Verifies that two databases have the same rows.
 * @throws Problem `bad_option`, `bad_config`, `bad_mask`, `sync_refused`, `ambiguous_key`, `lock_timeout`; of
 * both connections
 */
export async function dataVerify(workspace: Workspace, input: ComparisonInput): Promise<DataVerifyReport> {
  const ends = await resolveEnds(workspace, input);
  const { world } = workspace;
  const start = world.now().getTime();
  return withRetries(
    world,
    (retries, reached) =>
      withComparison(workspace, ends, input, async ({ all, pairs, named, asOf, notes }) => {
        reached();
        const found = await hashTables(pairs, {
          crew: all,
          onRows: makeRowsReport(workspace, pairs, 'Hashing'),
        });
        const tables = found.map((hashes, at): VerifiedTable => {
          const { rows, hash } = hashes;
          const isSame = rows.from === rows.to && hash.from === hash.to;
          return { name: pairs[at]?.to.table.name ?? '', ...hashes, isSame };
        });
        return {
          source: named.from,
          target: named.to,
          asOf,
          tables,
          notes,
          isSame:
            tables.length > 0 &&
            tables.every(({ isSame }) => isSame) &&
            notes.every(({ forbids }) => forbids !== 'comparing'),
          durationMs: world.now().getTime() - start,
          retries: [...retries],
        };
      }),
    ['read_cancelled'],
  );
}
