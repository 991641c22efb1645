// Checks schema files and migrations against the policy, and changes nothing.
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { readTableSizes, type TableSize } from '../compare/impact.ts';
import type { PolicyConfig } from '../config/policy.ts';
import { readPosition } from '../ledger/position.ts';
import { readLedger } from '../ledger/tables.ts';
import { checkRules } from '../lint/level.ts';
import { lintFiles, type RuleFinding } from '../lint/lint.ts';
import { readPlaces } from '../lint/places.ts';
import { ruleNames } from '../lint/rules.ts';
import { lintSchema, lintSteps, listOwnRules } from '../lint/schema.ts';
import { asMigrations, asSchema, listAfter, readPath } from '../lint/sources.ts';
import type { LintedFile } from '../lint/statement.ts';
import { type LintFinding, tableName, weighFindings } from '../lint/verdict.ts';
import { readRecordedSchema } from '../migrate/compose.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { hazards } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { type Commit, openCommit } from '../project/commit.ts';
import { readForeignPosition } from '../project/foreign-migrations.ts';
import { checkChain, readMigrations } from '../project/migration-folder.ts';
import type { Project } from '../project/project.ts';
import { replay } from '../project/shadow-catalog.ts';
import { readSourceFiles, withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { leaveOutKnown } from './lint-base.ts';

/** The options of `db:lint`. */
export interface LintInput {
  /** Files and folders; default: the schema and the migrations of the project. */
  readonly paths?: readonly string[];
  /** The environment whose tables have the sizes. Without `base`, only its pending migrations are read. */
  readonly env?: string;
  /** The commit whose migrations and findings are left out. */
  readonly base?: string;
}

/** The report of `db:lint`. */
export interface LintReport {
  /** The files that were read. */
  readonly files: readonly string[];
  readonly findings: readonly LintFinding[];
  /** The number of findings that are denied. */
  readonly denied: number;
  /** The number of warnings. */
  readonly warned: number;
  /** True if denied ones are in migrations that may be applied: without target, base and `policy.after`. */
  readonly mayBeApplied: boolean;
}

/** The files, and the faults of the wanted schema. */
interface LintSources {
  readonly files: readonly LintedFile[];
  readonly schema: readonly RuleFinding[];
  /** True if every migration is among the files. */
  readonly isWhole: boolean;
}

/**
 * Checks files against the policy of the project and the ready rules. It needs no database.
 * @throws Problem `invalid_sql` and others of the files; `bad_config`; of the connection
 */
export async function lint(workspace: Workspace, input: LintInput = {}): Promise<LintReport> {
  const { paths = [], env, base } = input;
  const policy = workspace.project.policy ?? {};
  checkRules(policy, ruleNames);
  const isProject = paths.length === 0;
  const commit = base === undefined ? null : await openCommit(workspace.project.root, base);
  const work = async (connection?: Connection) => {
    const sources = isProject
      ? await readProject(workspace, policy, { connection, commit })
      : leaveOutFiles(await readPaths(workspace, policy, paths), commit);
    const found = [...sources.schema, ...(await lintFiles(sources.files, policy))];
    const sizes = connection === undefined ? new Map() : await sizesOf(connection, found);
    const { files, isWhole } = sources;
    const weighed = weighFindings(found, { policy, files, sizes, isWhole });
    const findings =
      commit === null
        ? weighed
        : await leaveOutKnown(workspace, policy, { findings: weighed, files }, commit);
    const denied = findings.filter(({ level }) => level === 'deny');
    const migrations = new Set(files.filter(({ is }) => is !== 'schema').map(({ file }) => file));
    return {
      files: files.map(({ file }) => file),
      findings,
      denied: denied.length,
      warned: findings.length - denied.length,
      mayBeApplied:
        isProject &&
        connection === undefined &&
        commit === null &&
        policy.after === undefined &&
        denied.some(({ where }) => where !== null && migrations.has(where.file)),
    };
  };
  if (env === undefined) return work();
  return withTarget(workspace, await workspace.world.environment(env), work);
}

function sizesOf(
  connection: Connection,
  found: readonly RuleFinding[],
): Promise<ReadonlyMap<string, TableSize>> {
  const objects = found.flatMap(({ object, hazards: own }) =>
    object !== null && own.length > 0 ? [object] : [],
  );
  return readTableSizes(connection, new Set(objects.map(tableName)));
}

async function readPaths(
  workspace: Workspace,
  policy: PolicyConfig,
  paths: readonly string[],
): Promise<LintSources> {
  const lists = await Promise.all(paths.map((path) => readPath(workspace.project, path)));
  const files = lists.flat();
  if (files.length === 0) {
    const reason = 'the files lead back, and db:lint checks the files that lead forward';
    throw new Problem('bad_option', { option: paths.join(' '), reason, task: 'db:lint' });
  }
  const schema = files.filter(({ is }) => is === 'schema');
  const faults = schema.length === 0 ? [] : await faultsOfSchema(workspace, policy, schema, null);
  return { files, schema: faults, isWhole: false };
}

// A migration of the commit is as it was reviewed; one that was edited since is not.
function leaveOutFiles(sources: LintSources, commit: Commit | null): LintSources {
  if (commit === null) return sources;
  const files = sources.files.filter(({ is, file }) => is === 'schema' || !commit.isUnchanged(file));
  return { ...sources, files };
}

async function readProject(
  workspace: Workspace,
  policy: PolicyConfig,
  { connection, commit }: { readonly connection: Connection | undefined; readonly commit: Commit | null },
): Promise<LintSources> {
  const { project } = workspace;
  const migrations = await readMigrations(project);
  const wanted = await readWanted(workspace, migrations.length > 0);
  // A commit tells better than a database what is new: a branch may have been applied there already.
  const open = async () =>
    connection === undefined
      ? listAfter(migrations, policy.after)
      : listPending(project, connection, migrations);
  const later = commit === null ? await open() : migrations.filter(({ file }) => !commit.isUnchanged(file));
  const schema = asSchema(wanted);
  const faults = schema.length === 0 ? [] : await faultsOfSchema(workspace, policy, schema, migrations);
  return {
    files: [...schema, ...asMigrations(project, later)],
    schema: faults,
    isWhole: later.length === migrations.length,
  };
}

// Migrations of another tool need no schema file.
async function readWanted(workspace: Workspace, hasMigrations: boolean) {
  try {
    return await readSourceFiles(workspace, workspace.project.schema);
  } catch (thrown) {
    if (hasMigrations && thrown instanceof Problem && thrown.code === 'missing_schema') return [];
    throw thrown;
  }
}

async function listPending(
  { layout }: Project,
  connection: Connection,
  files: readonly MigrationFile[],
): Promise<readonly MigrationFile[]> {
  const position = await snapshot(connection, async (reader) =>
    layout === undefined
      ? readPosition(await readLedger(reader), files)
      : readForeignPosition(reader, layout, files),
  );
  return position.pending;
}

// The migrations are needed only for what db:generate would write.
async function faultsOfSchema(
  workspace: Workspace,
  policy: PolicyConfig,
  files: readonly LintedFile[],
  migrations: readonly MigrationFile[] | null,
): Promise<RuleFinding[]> {
  const catalog = await replay(
    workspace,
    files.map(({ file, text }) => ({ file, text })),
  );
  const find = await readPlaces(files);
  const asksForSteps =
    listOwnRules(policy).length > 0 || hazards.some((hazard) => policy[hazard] !== undefined);
  if (migrations === null || !asksForSteps) return lintSchema({ catalog, steps: [], find }, policy);
  checkChain(migrations);
  const recorded = await readRecordedSchema(workspace, migrations);
  const comparison = await compareCatalogs(workspace, recorded, catalog);
  const steps = stepsOf(workspace.project, comparison);
  return [...lintSchema({ catalog, steps, find }, policy), ...lintSteps(steps, find)];
}

const stepsOf = ({ online = true }: Project, comparison: Comparison) =>
  online ? comparison.online : comparison.up;
