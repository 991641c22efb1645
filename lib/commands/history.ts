// Shows the audit of a database: who applied and undid which migration, when, how long it took, and its
// outcome.
import type { AuditEntry } from '../ledger/audit-entries.ts';
import { readLedger } from '../ledger/tables.ts';
import { snapshot } from '../pg/snapshot.ts';
import { withTarget } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';

/** The options of `db:history`. */
export interface HistoryInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
}

/** The report of `db:history`. */
export interface HistoryReport {
  readonly target: NamedTarget;
  /** Everything that was ever done, the first thing first. */
  readonly deeds: readonly AuditEntry[];
  /** Names of the migrations that are applied now. */
  readonly applied: readonly string[];
}

/** Reads the audit of an environment. @throws Problem of the connection */
export async function history(workspace: Workspace, { env }: HistoryInput = {}): Promise<HistoryReport> {
  const target = await workspace.world.environment(env);
  const { applied, deeds } = await withTarget(workspace, target, (connection) =>
    snapshot(connection, readLedger),
  );
  return {
    target: nameTarget(workspace.project, target),
    deeds,
    applied: applied.map(({ name }) => name),
  };
}
