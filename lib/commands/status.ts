// Compares a database with the wanted schema.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readCatalog } from '../catalog/read.ts';
import type { ObjectChange } from '../compare/changes.ts';
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { describeUnfinished } from '../ledger/position.ts';
import { readRecordedSchema } from '../migrate/compose.ts';
import { refuseOutside } from '../migrate/schema-fit.ts';
import { readTargetState } from '../migrate/target-state.ts';
import { describeBreak, findBreaks, findNamedFile, type MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { applierFor, isOutOfReach } from '../project/foreign-migrations.ts';
import { readMigrations } from '../project/migration-folder.ts';
import { describe, readSource, withTarget } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';

/** The options of `db:status`. */
export interface StatusInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** Fail when the database holds objects that pgmage does not manage. */
  readonly strict?: boolean;
}

/** The report of `db:status`. Dates are ISO texts, so that it is plain data. */
export interface StatusReport {
  readonly schema: { readonly path: string; readonly modified: string | null };
  readonly target: NamedTarget & {
    /** Major version of its server. */
    readonly major: number;
  };
  /** True if the database equals the wanted schema. */
  readonly inSync: boolean;
  /** The state of the migrations; null: there are none. */
  readonly record: RecordReport | null;
  /** The task or command that brings the database to the schema. */
  readonly appliedBy: string;
  readonly changes: readonly ObjectChange[];
  /** The number of wanted objects, without their parts and what every new database has. */
  readonly objects: number;
  /** Objects of the database that pgmage does not manage. */
  readonly unmanaged: readonly string[];
}

/** The recorded schema, compared with the wanted and the actual one. */
export interface RecordReport {
  /** The number of migrations. */
  readonly files: number;
  /** The number of applied ones. */
  readonly applied: number;
  /** The task or command that applies them. */
  readonly appliedBy: string;
  /** The tool that has to apply them and cannot: the database is embedded. Then none is pending. */
  readonly outOfReach?: string;
  /** Names of those that are not. */
  readonly pending: readonly string[];
  /** Wanted changes that are in no migration: `db:generate` writes it. */
  readonly unrecorded: readonly ObjectChange[];
  /** The drift of the database: the changes from its migrations to its schema. */
  readonly drift: readonly ObjectChange[];
  /** The changes that a migration left which failed half-way. */
  readonly unfinished: readonly ObjectChange[];
  /** Problems of the files or the ledger. */
  readonly faults: readonly string[];
  /** The files of `pending` and of `faults`, in their order; null: a fault is in no file. */
  readonly places?: RecordPlaces;
}

/** The files that pending migrations and faults are in. */
export interface RecordPlaces {
  readonly pending: readonly string[];
  readonly faults: readonly (string | null)[];
}

/** The files that databases are compared with: read once, however many databases there are. */
export interface StatusBase {
  readonly files: readonly MigrationFile[];
  readonly wanted: Promise<Catalog>;
  /** The last change of the schema's files; null: there is none. */
  readonly modified: Promise<Date | null>;
}

/**
 * Begins to read what databases are compared with, so that they can be read beside it.
 * @throws Problem of the migrations; the promises in it throw those of the schema
 */
export async function readStatusBase(workspace: Workspace): Promise<StatusBase> {
  const { project } = workspace;
  const files = await readMigrations(project);
  const wanted = readSource(workspace, project.schema);
  const modified = project.schemaSources === undefined ? modifiedAt(project.schema) : Promise.resolve(null);
  // A failure is that of the first who awaits it.
  for (const one of [wanted, modified]) one.catch(() => undefined);
  return { files, wanted, modified };
}

/**
 * Compares the wanted schema with the actual one of an environment.
 * @throws Problem of the sources: the connection, the SQL of the schema; `unmanaged_objects` when strict
 */
export async function status(workspace: Workspace, { env, strict }: StatusInput = {}): Promise<StatusReport> {
  const target = await workspace.world.environment(env);
  return readStatus(workspace, await readStatusBase(workspace), target, strict);
}

/**
 * The status of one database.
 * @throws Problem of the sources; `unmanaged_objects` when strict; `outside_schema`
 */
export async function readStatus(
  workspace: Workspace,
  base: StatusBase,
  target: Target,
  strict = false,
): Promise<StatusReport> {
  if (target.schemas !== undefined) refuseOutside(target, await base.wanted);
  const isTwoWay = base.files.length === 0 || isOutOfReach(workspace.project, target);
  const [{ comparison, record }, modified] = await Promise.all([
    isTwoWay ? twoWay(workspace, target, base) : threeWay(workspace, target, base),
    base.modified,
  ]);
  const { before, after, changes, unmanaged } = comparison;
  if (strict && unmanaged.length > 0) throw new Problem('unmanaged_objects', { objects: unmanaged });
  const usual = emptyCatalog(after.major, kinds).facts;
  return {
    schema: {
      path: describe(workspace.project, workspace.project.schema),
      modified: modified?.toISOString() ?? null,
    },
    target: { ...nameTarget(workspace.project, target), major: before.major },
    inSync: comparison.same,
    record,
    appliedBy: applierFor(workspace.project, target),
    changes,
    objects: [...after.facts.values()].filter(({ id, parent }) => parent === null && !usual.has(id)).length,
    unmanaged,
  };
}

type Compared = { readonly comparison: Comparison; readonly record: RecordReport | null };

async function twoWay(workspace: Workspace, target: Target, base: StatusBase): Promise<Compared> {
  const [actual, after] = await Promise.all([
    withTarget(workspace, target, (connection) =>
      snapshot(connection, (reader) => readCatalog(reader, kinds)),
    ),
    base.wanted,
  ]);
  const comparison = await compareCatalogs(workspace, actual, after);
  const { layout } = workspace.project;
  if (layout === undefined || base.files.length === 0) return { comparison, record: null };
  const { unrecorded, breaks } = await compareFiles(workspace, base.files, after, actual.role);
  return {
    comparison,
    record: {
      files: base.files.length,
      applied: 0,
      appliedBy: applierFor(workspace.project, target),
      outOfReach: layout.tool,
      pending: [],
      unrecorded,
      drift: [],
      unfinished: [],
      faults: breaks,
      places: placesOf(base.files, [], breaks),
    },
  };
}

function placesOf(
  files: readonly MigrationFile[],
  pending: readonly MigrationFile[],
  faults: readonly string[],
): RecordPlaces {
  return { pending: pending.map(({ file }) => file), faults: faults.map((one) => findNamedFile(one, files)) };
}

// The wanted changes that no migration has. Files that do not follow one another add up to nothing.
async function compareFiles(
  workspace: Workspace,
  files: readonly MigrationFile[],
  wanted: Catalog,
  role: string | null,
): Promise<{ readonly unrecorded: readonly ObjectChange[]; readonly breaks: readonly string[] }> {
  const breaks = findBreaks(files).map(describeBreak);
  if (breaks.length > 0) return { unrecorded: [], breaks };
  const recorded = await readRecordedSchema(workspace, files);
  return { unrecorded: (await compareCatalogs(workspace, recorded, wanted, role)).changes, breaks };
}

// One reading of the database serves both comparisons.
async function threeWay(
  workspace: Workspace,
  target: Target,
  { files, wanted: reading }: StatusBase,
): Promise<Compared> {
  const [wanted, { standing, drift, actual }] = await Promise.all([
    reading,
    withTarget(workspace, target, (connection) => readTargetState(workspace, connection, files)),
  ]);
  const comparison = await compareCatalogs(workspace, actual, wanted);
  const { unrecorded, breaks } = await compareFiles(workspace, files, wanted, actual.role);
  const { applied, faults, unfinished } = standing;
  const broken = unfinished === null ? [] : [describeUnfinished(unfinished)];
  const since = drift?.changes ?? [];
  const all = [...breaks, ...faults, ...broken];
  return {
    comparison,
    record: {
      files: files.length,
      applied,
      appliedBy: applierFor(workspace.project, target),
      pending: standing.pending.map(({ name }) => name),
      unrecorded,
      drift: unfinished === null ? since : [],
      unfinished: unfinished === null ? [] : since,
      faults: all,
      places: placesOf(files, standing.pending, all),
    },
  };
}

/** True if files, ledger and database match each other and the wanted schema. */
export function isSound({ inSync, record }: Pick<StatusReport, 'inSync' | 'record'>): boolean {
  if (record === null) return inSync;
  const { pending, unrecorded, drift, faults } = record;
  return inSync && pending.length + unrecorded.length + drift.length + faults.length === 0;
}

// The last change of a file, or of the newest file of a folder; null if there is none, which reading it will
// report.
async function modifiedAt(path: string): Promise<Date | null> {
  const own = await stat(path).catch(() => null);
  if (!own?.isDirectory()) return own?.mtime ?? null;
  const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.sql'));
  const times = await Promise.all(names.map(async (name) => (await stat(join(path, name))).mtimeMs));
  return times.length === 0 ? null : new Date(Math.max(...times));
}
