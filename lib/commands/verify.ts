// Checks the migrations, the ledger and the database.

import { readCatalog } from '../catalog/read.ts';
import { describeChange } from '../compare/changes.ts';
import { compareCatalogs } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { describeUnfinished } from '../ledger/position.ts';
import { readRecordedSchema } from '../migrate/compose.ts';
import { describeReader } from '../migrate/seal.ts';
import { findWrongStamps } from '../migrate/stamps.ts';
import { readTargetState } from '../migrate/target-state.ts';
import {
  type ChainBreak,
  describeBreak,
  findBreaks,
  findNamedFile,
  type MigrationFile,
} from '../migration/chain.ts';
import { computeFingerprint } from '../migration/fingerprint.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { startOf, type Where } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import { expectedRole } from '../project/expected-role.ts';
import { applierFor, isOutOfReach } from '../project/foreign-migrations.ts';
import { readMigrations } from '../project/migration-folder.ts';
import type { Project } from '../project/project.ts';
import { describe, readSource, withTarget } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';

/** The options of `db:verify`. */
export interface VerifyInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** Checks the files alone: no database is opened. */
  readonly files?: boolean;
}

/** The result of each check. */
export interface VerifyReport {
  /** null: the files alone were checked. */
  readonly target: NamedTarget | null;
  /** True if every check succeeds. */
  readonly sound: boolean;
  readonly checks: readonly VerifyCheck[];
  /** The task or command that applies the migrations. */
  readonly appliedBy: string;
}

/** One thing that has to hold. */
export interface VerifyCheck {
  readonly is:
    | 'chain'
    | 'fingerprint'
    | 'stamps'
    | 'recorded'
    | 'ledger'
    | 'actual'
    | 'reached'
    | 'pending'
    | 'queries';
  /** The faults, as text; none if the check succeeds. */
  readonly faults: readonly string[];
  /** The place of each fault; undefined: it is in no file. */
  readonly places?: readonly (Where | undefined)[];
}

/**
 * Checks that the files are those that were sealed and follow one another, that they lead to the wanted
 * schema, that the ledger fits them, and that the database is as they left it. Changes nothing.
 * @throws Problem of the sources: the connection, the SQL of the schema and of the migrations
 */
export async function verify(
  workspace: Workspace,
  { env, files: isFilesOnly = false }: VerifyInput = {},
): Promise<VerifyReport> {
  const target = isFilesOnly ? null : await workspace.world.environment(env);
  const files = await readMigrations(workspace.project);
  const checks: VerifyCheck[] = [
    ...(await verifyFiles(workspace, files, env)),
    ...(target === null ? [] : await verifyTarget(workspace, target, files)),
    ...(await verifyQueries(workspace)),
  ];
  return {
    target: target && nameTarget(workspace.project, target),
    sound: checks.every(({ faults }) => faults.length === 0),
    checks,
    appliedBy: applierFor(workspace.project, target),
  };
}

/** Checks the files alone: that they follow one another, and lead to the wanted schema. */
export async function verifyFiles(
  workspace: Workspace,
  files: readonly MigrationFile[],
  env: string | undefined,
): Promise<VerifyCheck[]> {
  const breaks = findBreaks(files);
  // Renamed and edited files can still be replayed.
  const replayed = breaks.every(({ is }) => is === 'edited' || is === 'renamed');
  const recorded = replayed ? await readRecordedSchema(workspace, files) : null;
  const followed = chain(files, breaks, await judged(workspace, files, breaks));
  if (recorded === null) return [followed];
  return [
    followed,
    fingerprint(workspace.project, files, recorded),
    ...(await stamps(workspace, files)),
    await wanted(workspace, recorded, env),
  ];
}

/** Checks a database: that its ledger fits the files, and that it is as they left it. */
export function verifyTarget(
  workspace: Workspace,
  target: Target,
  files: readonly MigrationFile[],
): Promise<VerifyCheck[]> {
  return withTarget(workspace, target, async (connection): Promise<VerifyCheck[]> => {
    if (isOutOfReach(workspace.project, target)) return [await compareWanted(workspace, connection, files)];
    const { standing, drift } = await readTargetState(workspace, connection, files);
    const { pending, faults, unfinished } = standing;
    const broken = unfinished === null ? [] : [describeUnfinished(unfinished)];
    // After a migration that failed half-way, the difference is that migration's.
    const drifted = drift === null || unfinished !== null ? null : drift.changes.map(describeChange);
    return [
      { is: 'ledger', ...placedIn(files, [...faults, ...broken]) },
      ...(drifted === null ? [] : [{ is: 'actual', ...placedInSchema(workspace, drifted) } as const]),
      {
        is: 'pending',
        faults: pending.map(({ name }) => name),
        places: pending.map(({ file }) => startOf(file)),
      },
    ];
  });
}

// The tool of the migrations cannot apply them there: db:push brings the wanted schema.
async function compareWanted(
  workspace: Workspace,
  connection: Connection,
  files: readonly MigrationFile[],
): Promise<VerifyCheck> {
  const actual = await snapshot(connection, (reader) => readCatalog(reader, kinds));
  const wanted = await readSource(workspace, workspace.project.schema).catch((thrown: unknown) => {
    if (thrown instanceof Problem && thrown.code === 'missing_schema')
      return readRecordedSchema(workspace, files);
    throw thrown;
  });
  const { changes } = await compareCatalogs(workspace, actual, wanted);
  const faults = changes.map(({ standing, text }) => `${standing}: ${text}`);
  return { is: 'reached', ...placedInSchema(workspace, faults) };
}

/** Faults with their places. */
type PlacedFaults = Pick<VerifyCheck, 'faults' | 'places'>;

// Each at the migration that it names.
function placedIn(files: readonly MigrationFile[], faults: readonly string[]): PlacedFaults {
  const places = faults.map((fault) => findNamedFile(fault, files));
  return { faults, places: places.map((file) => (file === null ? undefined : startOf(file))) };
}

function placedInSchema({ project }: Workspace, faults: readonly string[]): PlacedFaults {
  const place = startOf(describe(project, project.schema));
  return { faults, places: faults.map(() => place) };
}

// The effect of an edit on the schema; effects on rows are unknown.
async function judged(
  workspace: Workspace,
  files: readonly MigrationFile[],
  breaks: readonly ChainBreak[],
): Promise<ReadonlyMap<ChainBreak, string>> {
  const found = new Map<ChainBreak, string>();
  if (breaks.some(({ is }) => is !== 'edited' && is !== 'renamed')) return found;
  for (const one of breaks.filter(({ is }) => is === 'edited')) {
    const at = files.findIndex(({ name }) => name === one.name);
    try {
      const reached = await readRecordedSchema(workspace, files.slice(0, at + 1));
      const header = files[at]?.migration.header;
      if (header?.reader !== describeReader(workspace.project, reached)) continue;
      const same = header.to === computeFingerprint(reached, kinds);
      found.set(one, same ? 'leads to the same schema' : 'leads to another schema');
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      found.set(one, `no longer runs: ${thrown.message}`);
    }
  }
  return found;
}

function chain(
  files: readonly MigrationFile[],
  breaks: readonly ChainBreak[],
  more: ReadonlyMap<ChainBreak, string>,
): VerifyCheck {
  const drafts = files.filter(({ migration, up }) => migration.header === null && up === undefined);
  return {
    is: 'chain',
    ...placedIn(files, [
      ...breaks.map((one) =>
        [describeBreak(one), ...(more.has(one) ? [`it ${more.get(one)}`] : [])].join(': '),
      ),
      ...drafts.map(({ name }) => `${name} is a draft, which db:generate seals`),
    ]),
  };
}

// Fingerprints of other readers can't be compared.
function fingerprint(project: Project, files: readonly MigrationFile[], recorded: Catalog): VerifyCheck {
  const last = files.at(-1);
  const header = last?.migration.header;
  const comparable = header && header.reader === describeReader(project, recorded);
  const fits = !comparable || header.to === computeFingerprint(recorded, kinds);
  const faults = fits ? [] : [`${last?.name} ends at another schema than its header says`];
  return { is: 'fingerprint', ...placedIn(files, faults) };
}

// Older versions stamped ways back exact that are not.
// Migrations of other tools have no stamps.
async function stamps(workspace: Workspace, files: readonly MigrationFile[]): Promise<VerifyCheck[]> {
  if (files.length > 0 && files.every(({ migration }) => migration.header === null)) return [];
  const wrong = await findWrongStamps(workspace, files, 0, files.length);
  const faults = [...wrong].map(
    ([name, lost]) => `${name} has the stamp exact, but loses: ${lost.join('; ')}`,
  );
  return [{ is: 'stamps', ...placedIn(files, faults) }];
}

/** Checks that the queries of the project compile; none where it has no queries. */
export async function verifyQueries(workspace: Workspace): Promise<VerifyCheck[]> {
  const { checkQueries } = await import('../project/queries.ts');
  const found = await checkQueries(workspace);
  if (found === null) return [];
  const faults = found.faults.map(({ words }) => words);
  return [{ is: 'queries', faults, places: found.faults.map(({ where }) => where) }];
}

async function wanted(
  workspace: Workspace,
  recorded: Catalog,
  env: string | undefined,
): Promise<VerifyCheck> {
  try {
    const role = await expectedRole(workspace.world, env);
    const left = await compareCatalogs(
      workspace,
      recorded,
      await readSource(workspace, workspace.project.schema),
      role,
    );
    const faults = left.changes.map(({ text }) => text);
    return { is: 'recorded', ...placedInSchema(workspace, faults) };
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'missing_schema')
      return { is: 'recorded', faults: [thrown.message] };
    throw thrown;
  }
}
