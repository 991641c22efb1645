// The position of a database in the chain of migrations, from its ledger alone.
import { listNamedFiles, type MigrationFile } from '../migration/chain.ts';
import { Problem } from '../problem/problem.ts';
import type { AuditEntry } from './audit-entries.ts';
import { type Edit, editWords } from './edits.ts';
import type { Ledger } from './tables.ts';

/** The position of a database. */
export interface LedgerPosition {
  /** The number of applied files: always the first ones. */
  readonly applied: number;
  /** The files that are not applied, in their order. */
  readonly pending: readonly MigrationFile[];
  /** The mismatches, as text. */
  readonly faults: readonly string[];
  /** A migration outside of a transaction that failed half-way, at the edge of the applied ones. */
  readonly unfinished: UnfinishedMigration | null;
}

/** A migration that failed half-way, and the direction of its run. */
export interface UnfinishedMigration {
  readonly file: MigrationFile;
  readonly direction: AuditEntry['direction'];
}

/** The text of a migration that failed half-way, with the commands that go on from there. */
export function describeUnfinished({ file, direction }: UnfinishedMigration): string {
  return direction === 'up'
    ? `${file.name} failed half-way: db:sync continues it, db:rollback undoes it`
    : `the way down of ${file.name} failed half-way: db:rollback continues it`;
}

/** The problem of a ledger that does not match the files of the folder. */
export function brokenLedger(
  environment: string,
  faults: readonly string[],
  folder: readonly MigrationFile[],
): Problem<'ledger_broken'> {
  return new Problem('ledger_broken', { environment, faults, files: listNamedFiles(faults, folder) });
}

/** Compares a ledger with the files of the folder. @param edits the edits of applied files */
export function readPosition(
  { applied, deeds }: Ledger,
  files: readonly MigrationFile[],
  edits: ReadonlyMap<string, Edit> = new Map(),
): LedgerPosition {
  const byName = new Map(files.map((file) => [file.name, file]));
  const faults = listAppliedFaults(applied, files, edits);
  const last = new Map<string, AuditEntry>();
  for (const deed of deeds) if (deed.outcome !== 'failed') last.set(deed.migration, deed);
  let unfinished: LedgerPosition['unfinished'] = null;
  for (const [name, { direction, outcome, checksum }] of last) {
    const entry = applied.find((one) => one.name === name);
    const file = byName.get(name);
    if (outcome === 'begun' && file !== undefined && (entry !== undefined) === (direction === 'down'))
      unfinished = { file, direction };
    else if (outcome !== 'begun' && (entry !== undefined) !== (direction === 'up'))
      faults.push(`the ledger's row of ${name} was ${entry === undefined ? 'removed' : 'added'} by hand`);
    else if (entry !== undefined && entry.checksum !== checksum)
      faults.push(`the ledger's row of ${name} was changed by hand`);
  }
  for (const { name } of applied)
    if (!last.has(name)) faults.push(`the ledger's row of ${name} was added by hand`);
  const isApplied = new Set(applied.map(({ name }) => name));
  const pending = files.filter(({ name }) => !isApplied.has(name));
  return { applied: applied.length, pending, faults: [...new Set(faults)], unfinished };
}

// The mismatches between the ledger's rows and the files.
function listAppliedFaults(
  applied: Ledger['applied'],
  files: readonly MigrationFile[],
  edits: ReadonlyMap<string, Edit>,
): string[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const byChecksum = new Map(files.map((file) => [file.migration.checksum, file]));
  return [...applied.entries()].flatMap(([at, { name, checksum }]) => {
    const file = byName.get(name);
    const moved = byChecksum.get(checksum);
    if (file === undefined)
      return moved === undefined
        ? `${name} is applied, but its file is missing`
        : `${name} was renamed to ${moved.name}`;
    if (file.migration.checksum !== checksum)
      return `${name} was edited after it was applied: ${editWords[edits.get(name) ?? 'unknown']}`;
    if (files[at] === file) return [];
    return byName.has(files[at]?.name ?? '') && !applied.some((entry) => entry.name === files[at]?.name)
      ? `${files[at]?.name} is not applied, but the later ${name} is`
      : `${name} was applied in another order`;
  });
}
