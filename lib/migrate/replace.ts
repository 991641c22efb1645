// Pending migrations that cannot run in a database are written again from the schema.
import { Problem } from '../problem/problem.ts';
import type { Composition } from './compose.ts';
import type { MigrationSession, SoundTargetState } from './target-state.ts';

/** True if a sync failed on a migration that can be written again. */
export function isStuck(thrown: unknown): thrown is Problem<'stuck_migration'> {
  return thrown instanceof Problem && thrown.code === 'stuck_migration';
}

// The end of a session or a wait for a lock says nothing of the migration.
const passing = /lock|cancel|terminat|connection|deadlock|shut/i;

/**
 * Refuses to add migrations behind one that failed before: they would wait for one that cannot run.
 * @throws Problem `stuck_migration`
 */
export function refuseStacking(
  session: MigrationSession,
  { ledger, standing }: SoundTargetState,
  composition: Composition,
): void {
  for (const { name, file, migration } of standing.pending) {
    const last = ledger.deeds.filter((deed) => deed.migration === name).at(-1);
    if (last?.outcome !== 'failed' || last.checksum !== migration.checksum) continue;
    const reason = last.detail ?? 'it failed before';
    if (!passing.test(reason)) throw stuckAt(session, composition, file, reason);
  }
}

/**
 * The problem of a migration that would fail on rows, if writing it again can help: the schema has changed
 * since. Otherwise the given problem.
 */
export function toStuck(session: MigrationSession, composition: Composition, thrown: unknown): unknown {
  if (!(thrown instanceof Problem) || thrown.code !== 'rows_in_the_way') return thrown;
  const { migration, findings } = (thrown as Problem<'rows_in_the_way'>).data;
  if (migration === null || composition.removed.length > 0) return thrown;
  return stuckAt(session, composition, migration, findings.join('; '));
}

function stuckAt(
  { target }: MigrationSession,
  { folder }: Composition,
  file: string,
  reason: string,
): Problem {
  const at = folder.findIndex((one) => one.file === file);
  const files = folder.slice(at).map((one) => one.file);
  return new Problem('stuck_migration', { environment: target.name, files, reason });
}
