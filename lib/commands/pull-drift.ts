// Writes the drift of a database into the schema files.

import type { ObjectChange } from '../compare/changes.ts';
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { brokenLedger } from '../ledger/position.ts';
import { readTargetState } from '../migrate/target-state.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import type { Diff } from '../model/diff.ts';
import { type Step, splitCombined } from '../model/step.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import { readMigrations } from '../project/migration-folder.ts';
import { replay } from '../project/shadow-catalog.ts';
import { describe, readSource, withTarget } from '../project/source.ts';
import { readFiles, shownPath, type TextFile } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { planReplacement, resolvePlace, type SchemaPlace, writeReplacement } from '../schema-files/write.ts';
import { renderPull, renderVerifiedPull } from './pull-text.ts';

/** The options of `db:pull --drift`. */
export interface DriftInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
}

/** The drift, and what was written. */
export interface DriftReport {
  readonly from: string;
  readonly to: string;
  /** The changes in the database. */
  readonly changes: readonly ObjectChange[];
  /** The statements that change it, as they may be shown. */
  readonly statements: readonly string[];
  /**
   * `rewritten`: the files were as db:pull writes them, and were written again. `appended`: the statements
   * were added at the end. null: nothing was written, because statements in the files would have to change.
   */
  readonly how: 'rewritten' | 'appended' | null;
  /** Files that were written. */
  readonly written: readonly string[];
  /** false: there is something that was not written. */
  readonly done: boolean;
}

/**
 * Finds the changes of a database since its migrations, or else since the schema files, and writes them into
 * these files. It rewrites files that are as db:pull writes them, and appends to others if the drift only
 * adds objects.
 * @throws Problem of the schema, the migrations and the connection; `ledger_broken`
 */
export async function pullDrift(workspace: Workspace, { env }: DriftInput = {}): Promise<DriftReport> {
  const target = await workspace.world.environment(env);
  const wanted = await readSource(workspace, workspace.project.schema);
  const { base, actual } = await sides(workspace, target, wanted);
  const { diff } = await compareCatalogs(workspace, wanted, actual);
  const change = openPart(await compareCatalogs(workspace, base, actual), diff);
  const place = await resolvePlace(workspace.project, {});
  const report = {
    from: describe(workspace.project, target.name),
    to: shownPath(workspace.project.root, place.path),
    changes: change.changes,
    statements: change.steps.map(({ sql, shown = sql }) => shown),
  };
  if (change.steps.length === 0) return { ...report, how: null, written: [], done: true };
  const current = (await compareCatalogs(workspace, wanted, base, actual.role)).same;
  const files = current ? await rewrite(workspace, { wanted, actual, diff }, place) : null;
  if (files !== null) return { ...report, how: 'rewritten', written: files, done: true };
  const addition = { wanted, actual: current ? actual : null, change };
  const file = await append(workspace, addition, place, target.name);
  if (file === null) return { ...report, how: null, written: [], done: false };
  return { ...report, how: 'appended', written: [file], done: true };
}

/** A change as people count it, and the steps that make it. */
interface Drift {
  readonly changes: readonly ObjectChange[];
  readonly steps: readonly Step[];
  /** The facts after it. */
  readonly facts: Catalog['facts'];
}

// Leaves out changes that the schema files already have: they were pulled before, but are in no migration
// yet.
function openPart({ changes, up, after }: Comparison, diff: Diff): Drift {
  const facts = [...diff.added, ...diff.removed, ...diff.changed.map(({ to }) => to)];
  const open = new Set(facts.map(({ id }) => id));
  return {
    changes: changes.filter((change) => change.facts.some((id) => open.has(id))),
    steps: up.filter(({ fact }) => open.has(fact)),
    facts: after.facts,
  };
}

async function sides(
  workspace: Workspace,
  target: Target,
  wanted: Catalog,
): Promise<{ base: Catalog; actual: Catalog }> {
  const files = await readMigrations(workspace.project);
  if (files.length === 0) return { base: wanted, actual: await readSource(workspace, target.name) };
  return withTarget(workspace, target, async (connection) => {
    const { standing, actual, drift } = await readTargetState(workspace, connection, files);
    if (drift === null) throw brokenLedger(target.name, standing.faults, files);
    return { base: drift.before, actual };
  });
}

// Files that are exactly as pgmage writes them contain nothing of the user's that could be lost. They are in
// the words of the database, which may not be those of the shadow.
async function rewrite(
  workspace: Workspace,
  { wanted, actual, diff }: { wanted: Catalog; actual: Catalog; diff: Diff },
  place: SchemaPlace,
): Promise<string[] | null> {
  const isAsPulled = async (catalog: Catalog) => {
    const pulled = await renderPull(workspace, withoutUnmanaged(workspace.project, catalog), place);
    const { written, removed } = await planReplacement(workspace.project, place, pulled.files);
    return written.length + removed.length === 0;
  };
  if (!(await isAsPulled(wanted)) && !(await isAsPulled(takenBack(actual, wanted, diff)))) return null;
  const { files } = await renderVerifiedPull(
    workspace,
    'the database',
    withoutUnmanaged(workspace.project, actual),
    place,
  );
  const change = await planReplacement(workspace.project, place, files);
  await writeReplacement(workspace.project.root, files, change);
  return [...change.written.map(({ file }) => file), ...change.removed];
}

// The database without its drift.
function takenBack(actual: Catalog, wanted: Catalog, { added, removed, changed }: Diff): Catalog {
  const facts = new Map(actual.facts);
  for (const { id } of added) facts.delete(id);
  for (const fact of [...removed, ...changed.map(({ from }) => from)]) facts.set(fact.id, fact);
  const known = <T>(own: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>) =>
    new Map([...own, ...other].filter(([id]) => facts.has(id)));
  return withRelations(actual, facts, () => ({
    needs: known(wanted.needs, actual.needs),
    dies: known(wanted.dies, actual.dies),
    links: actual.links,
  }));
}

interface Addition {
  readonly wanted: Catalog;
  /** The schema that is wanted then; null: the present one with the change. */
  readonly actual: Catalog | null;
  readonly change: Drift;
}

async function append(
  workspace: Workspace,
  { wanted, actual, change }: Addition,
  { path, split }: SchemaPlace,
  from: string,
): Promise<string | null> {
  // A change inside an existing object cannot be appended at the end.
  const inside = ({ kind, fact }: Step) =>
    kinds.get(kind)?.inline?.clause !== undefined && wanted.facts.has(`${change.facts.get(fact)?.parent}`);
  if (splitCombined(change.steps).some((step) => step.action !== 'create' || inside(step))) return null;
  const files = await readFiles(workspace.project.root, workspace.project.schema);
  const file = shownPath(
    workspace.project.root,
    split ? `${path}/taken_from_${from.replace(/[^\w-]/g, '_')}.sql` : path,
  );
  const before = files.find((one) => one.file === file)?.text ?? '';
  const head = before.trim() === '' ? '' : `${before.trimEnd()}\n\n`;
  const sql = change.steps.map((step) => `${step.sql};`).join('\n\n');
  const added: TextFile = { file, text: `${head}-- Taken from ${from} by db:pull --drift.\n\n${sql}\n` };
  const texts = [...files.filter((one) => one.file !== file), added];
  const loaded = await replay(workspace, texts, { ofDatabase: true });
  if (!(await isProven(workspace, loaded, { wanted, actual, change }))) return null;
  const given = await planReplacement(workspace.project, { path, split: false }, [added]);
  await writeReplacement(workspace.project.root, [added], given);
  return file;
}

async function isProven(
  workspace: Workspace,
  loaded: Catalog,
  { wanted, actual, change }: Addition,
): Promise<boolean> {
  if (actual !== null) return (await compareCatalogs(workspace, loaded, actual)).same;
  const texts = (of: Pick<Drift, 'changes'>) =>
    of.changes
      .map(({ text }) => text)
      .sort()
      .join('\n');
  return texts(await compareCatalogs(workspace, wanted, loaded)) === texts(change);
}
