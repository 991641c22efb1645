// How far a database is from the wanted schema.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectChange } from '../compare/changes.ts';
import { type Comparison, compare, compareCatalogs } from '../compare/compare.ts';
import { readRecordedSchema } from '../migrate/compose.ts';
import { readTargetState } from '../migrate/target-state.ts';
import { describeBreak, findBreaks, type MigrationFile } from '../migration/chain.ts';
import { Problem } from '../problem/problem.ts';
import { readMigrations } from '../project/migration-folder.ts';
import { type NamedTarget, nameTarget, readSource, withTarget } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';

/** What is asked. */
export interface StatusInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** Fail when the database holds objects that pgmage does not manage. */
  readonly strict?: boolean;
}

/** What is known then. Dates are ISO texts, so that the report is plain data. */
export interface StatusReport {
  readonly schema: { readonly path: string; readonly modified: string | null };
  readonly target: NamedTarget & {
    /** Major version of its server. */
    readonly major: number;
  };
  /** Whether the database is as the wanted schema says. */
  readonly inSync: boolean;
  /** What the migrations say of both; null: there are none. */
  readonly record: RecordReport | null;
  readonly changes: readonly ObjectChange[];
  /** How many objects the wanted schema has; their parts are not counted. */
  readonly objects: number;
  /** What the database holds and pgmage does not manage. */
  readonly unmanaged: readonly string[];
}

/** The third side: what is recorded, beside what is wanted and what is there. */
export interface RecordReport {
  /** How many migrations there are. */
  readonly files: number;
  /** How many of them are applied. */
  readonly applied: number;
  /** What applies them: a task, or the command of another tool. */
  readonly appliedBy: string;
  /** Names of those that are not. */
  readonly pending: readonly string[];
  /** What is wanted and no migration does: `db:generate` writes it. */
  readonly unrecorded: readonly ObjectChange[];
  /** What was done to the database by other means. */
  readonly drift: readonly ObjectChange[];
  /** What is wrong with the files or the ledger. */
  readonly faults: readonly string[];
}

/**
 * Compares the wanted schema with the actual one of an environment.
 * @throws Problem of the sources: the connection, the SQL of the schema; `unmanaged_objects` when strict
 */
export async function status(workspace: Workspace, { env, strict }: StatusInput = {}): Promise<StatusReport> {
  const target = await workspace.world.environment(env);
  const files = await readMigrations(workspace.project);
  const [{ comparison, record }, modified] = await Promise.all([
    files.length === 0
      ? { comparison: await compare(workspace, target.name, workspace.project.schema), record: null }
      : threeWay(workspace, target, files),
    modifiedAt(workspace.project.schema),
  ]);
  const { before, after, changes, unmanaged } = comparison;
  if (strict && unmanaged.length > 0) throw new Problem('unmanaged_objects', { objects: unmanaged });
  return {
    schema: {
      path: shownPath(workspace.project.root, workspace.project.schema),
      modified: modified?.toISOString() ?? null,
    },
    target: { ...nameTarget(workspace.project, target), major: before.major },
    inSync: comparison.same,
    record,
    changes,
    objects: [...after.facts.values()].filter(({ parent }) => parent === null).length,
    unmanaged,
  };
}

// One reading of the database serves both comparisons.
async function threeWay(
  workspace: Workspace,
  target: Target,
  files: readonly MigrationFile[],
): Promise<{ comparison: Comparison; record: RecordReport }> {
  const breaks = findBreaks(files).map(describeBreak);
  const [wanted, { standing, drift, actual }] = await Promise.all([
    readSource(workspace, workspace.project.schema),
    withTarget(workspace, target, (connection) => readTargetState(workspace, connection, files)),
  ]);
  const comparison = await compareCatalogs(workspace, actual, wanted);
  // Files that do not follow one another add up to nothing.
  const unrecorded =
    breaks.length > 0
      ? []
      : (await compareCatalogs(workspace, await readRecordedSchema(workspace, files), wanted, actual.role))
          .changes;
  const { applied, faults, unfinished } = standing;
  const broken = unfinished === null ? [] : [`${unfinished.file.name} broke off half-way`];
  const pending = files.slice(applied).map(({ name }) => name);
  return {
    comparison,
    record: {
      files: files.length,
      applied,
      appliedBy: workspace.project.layout?.command ?? 'db:sync',
      pending,
      unrecorded,
      drift: drift?.changes ?? [],
      faults: [...breaks, ...faults, ...broken],
    },
  };
}

/** Whether files, ledger and database agree with each other and with the wanted schema. */
export function isSound({ inSync, record }: Pick<StatusReport, 'inSync' | 'record'>): boolean {
  if (record === null) return inSync;
  const { pending, unrecorded, drift, faults } = record;
  return inSync && pending.length + unrecorded.length + drift.length + faults.length === 0;
}

// Of a folder, when its newest file was changed; null where there is none, which reading it will tell.
async function modifiedAt(path: string): Promise<Date | null> {
  const own = await stat(path).catch(() => null);
  if (!own?.isDirectory()) return own?.mtime ?? null;
  const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.sql'));
  const times = await Promise.all(names.map(async (name) => (await stat(join(path, name))).mtimeMs));
  return times.length === 0 ? null : new Date(Math.max(...times));
}
