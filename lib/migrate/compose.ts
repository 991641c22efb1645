// From recorded to wanted: the migrations that are still to be written, proven and held in memory.

import type { ObjectChange } from '../compare/changes.ts';
import { compareCatalogs } from '../compare/compare.ts';
import { compareWithRenames, type RenamedComparison, type RenameOptions } from '../compare/renames.ts';
import { kinds } from '../kinds/index.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { makeName } from '../migration/name.ts';
import { isTransactional, joinSql, type Piece, splitPlan } from '../migration/pieces.ts';
import type { Transaction } from '../migration/text.ts';
import { type Catalog, markLoaded } from '../model/catalog.ts';
import type { Step } from '../model/step.ts';
import { plan, splitIntoSegments } from '../plan/plan.ts';
import { planRenames, type Rename } from '../plan/renames.ts';
import { Problem } from '../problem/problem.ts';
import { expectedRole } from '../project/expected-role.ts';
import { parseForeign } from '../project/foreign-migrations.ts';
import { checkChain, listUps, readMigrations } from '../project/migration-folder.ts';
import type { Project } from '../project/project.ts';
import { keepReplayed, replay } from '../project/shadow-catalog.ts';
import { readSource, readSourceFiles } from '../project/source.ts';
import { extendStart, findTrialOrigin, type TrialOrigin } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';
import { makeSealed, sealDrafts } from './seal.ts';
import { computeStamp } from './stamps.ts';
import { runTrial, type TrialReturn } from './trial-run.ts';

/** The migrations to write, so that all of them lead to the wanted schema. */
export interface Composition {
  /** The folder as it was read. */
  readonly folder: readonly MigrationFile[];
  /** The folder as it would be then, in its order. */
  readonly files: readonly MigrationFile[];
  /** Those of the files that differ from the folder: drafts that were sealed, and new ones. */
  readonly written: readonly MigrationFile[];
  /** The changes of the new migrations. */
  readonly changes: readonly ObjectChange[];
  /** The steps of each new one, by its name. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  /** The confirmed renames, and possible ones. */
  readonly renames: readonly Rename[];
  readonly possible: readonly Rename[];
}

// The oldest server that migrations support; newer ones understand its syntax.
const oldest = 15;

/** The options of new migrations. */
export interface ComposeOptions {
  /** The name of the migration; default: from its changes. */
  readonly name?: string | undefined;
  /**
   * True to avoid long locks, even with more files; false: one transaction if possible. Default: as
   * configured, else true.
   */
  readonly online?: boolean | undefined;
}

/**
 * Composes the next migrations. Their ways up lead exactly to the wanted schema; their ways down have stamps.
 * @param renaming the sources of renames, in addition to comments in the wanted schema
 * @throws Problem `broken_chain`, `unproven`, `plan_cycle`, `bad_option` of a rename; of the sources
 */
export function compose(
  workspace: Workspace,
  making: ComposeOptions = {},
  renaming: Omit<RenameOptions, 'files'> = {},
): Promise<Composition> {
  return composed(workspace, making, renaming);
}

async function composed(
  workspace: Workspace,
  { name, online }: ComposeOptions,
  renaming: RenameOptions,
): Promise<Composition> {
  const folder = await readMigrations(workspace.project);
  checkChain(folder);
  const base = workspace.project.layout ? folder : await sealDrafts(workspace, folder);
  const drafts = base.filter((file) => !folder.includes(file));
  const files = await readSourceFiles(workspace, workspace.project.schema);
  const [recorded, wanted] = await Promise.all([
    readRecordedSchema(workspace, base),
    replay(workspace, files),
  ]);
  const { role = await expectedRole(workspace.world) } = renaming;
  const asked = { ...renaming, role, files };
  const renamed = await compareWithRenames(workspace, recorded, wanted, asked, (statements) => {
    const file = { file: 'renames', text: `${statements.join(';\n')};` };
    return replay(workspace, [...listUps(base), file], { inOrder: true });
  });
  const { comparison, renames, possible } = renamed;
  if (comparison.same)
    return { folder, files: base, written: drafts, changes: [], steps: new Map(), renames, possible };
  const made = await chosen(workspace, findTrialOrigin(base, recorded, files, wanted), renamed, {
    words: name ?? nameFor(comparison.changes),
    online: (online ?? workspace.project.online ?? true) && writesOutside(workspace.project),
    role,
  });
  return {
    folder,
    files: [...base, ...made.keys()],
    written: [...drafts, ...made.keys()],
    changes: comparison.changes,
    steps: new Map([...made].map(([file, steps]) => [file.name, steps])),
    renames,
    possible,
  };
}

/** The schema that migrations add up to. */
export async function readRecordedSchema(
  workspace: Workspace,
  files: readonly MigrationFile[],
): Promise<Catalog> {
  return files.length === 0
    ? readSource(workspace, 'empty')
    : replay(workspace, listUps(files), { inOrder: true });
}

/** New migrations with the steps that each takes up. */
type Made = ReadonlyMap<MigrationFile, readonly Step[]>;

interface Manner {
  readonly words: string;
  readonly online: boolean;
  readonly role: string | null;
}

// An online way is not worth the loss of the way down: if only the plain way is verified in both directions,
// it is taken.
async function chosen(
  workspace: Workspace,
  origin: TrialOrigin,
  renamed: RenamedComparison,
  manner: Manner,
): Promise<Made> {
  const plainly = () => proven(workspace, origin, renamed, { ...manner, online: false });
  if (!manner.online) return plainly();
  let waitless: Made;
  try {
    waitless = await proven(workspace, origin, renamed, manner);
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return plainly();
  }
  if (leadsBack(waitless)) return waitless;
  const plain = await plainly();
  return leadsBack(plain) ? plain : waitless;
}

// If all files of a tool run in transactions, nothing else can be in them.
const writesOutside = ({ layout }: Project): boolean =>
  layout === undefined || layout.written?.outside === true;

function leadsBack(made: Made): boolean {
  return [...made.keys()].every(({ migration }) => migration.header?.down.is !== 'impossible');
}

// SQL for every supported server, if it is enough for the wanted schema.
async function proven(
  workspace: Workspace,
  origin: TrialOrigin,
  { comparison: { before, after: wanted }, renames, moved }: RenamedComparison,
  manner: Manner,
): Promise<Made> {
  let failure: Problem | undefined;
  for (const major of new Set([oldest, wanted.major])) {
    const way = (from: Catalog, to: Catalog, online: boolean) =>
      plan({ before: from, after: to, kinds, major, online });
    const first = planRenames(renames, 'up');
    const all = splitIntoSegments([...first, ...way(before, wanted, manner.online)]);
    const pieces = splitPlan(all, workspace.project.layout !== undefined);
    // Back to where the renames led, and then the names.
    const wayBack = (from: Catalog, to: Catalog, at: number, online: boolean) =>
      at > 0 || renames.length === 0
        ? way(from, to, online)
        : splitIntoSegments([...way(from, moved, online), ...planRenames(renames, 'down')]);
    try {
      return await made(workspace, origin, pieces, wanted, manner, wayBack);
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      failure ??= thrown;
    }
  }
  throw failure as Problem;
}

async function made(
  workspace: Workspace,
  { base, starts }: TrialOrigin,
  pieces: readonly Piece[],
  wanted: Catalog,
  { words, online, role }: Manner,
  wayBack: (from: Catalog, to: Catalog, at: number, online: boolean) => readonly Step[],
): Promise<Made> {
  const names: string[] = [];
  for (const [at] of pieces.entries()) {
    // Other tools count in seconds.
    const last = names.at(-1) ?? base.at(-1)?.name ?? (workspace.project.layout ? '0'.repeat(14) : null);
    names.push(makeName(last, workspace.world.now(), at === 0 ? words : `${words} ${at + 1}`));
  }
  const backSteps = new Map<string, readonly Step[]>();
  const { start, states, returns } = await runTrial(
    workspace,
    starts,
    pieces.map(({ steps, transactional }, at) => {
      const file = names[at] as string;
      const down = (from: Catalog, to: Catalog) => {
        const waitless = wayBack(from, to, at, online);
        // A way back is one file as well: it runs in a transaction where the way there does, if it has to be
        // either.
        const parts = splitPlan(waitless, workspace.project.layout !== undefined).length;
        const back =
          parts > 1 && (transactional || workspace.project.layout) ? wayBack(from, to, at, false) : waitless;
        backSteps.set(file, back);
        return { file: `${file}, down`, text: joinSql(back) };
      };
      return { up: { file, text: joinSql(steps) }, down };
    }),
  );
  const files = new Map<MigrationFile, readonly Step[]>();
  const ups = pieces.map(({ steps }, at) => ({ file: names[at] as string, text: joinSql(steps) }));
  const reached = markLoaded(states.at(-1) as Catalog, {
    files: [...listUps(base), ...ups],
    inOrder: true,
    as: null,
  });
  const left = await compareCatalogs(workspace, reached, wanted, role);
  if (!left.same)
    throw new Problem('unproven', {
      migration: names[0] as string,
      changes: left.changes.map(({ text }) => text),
    });
  for (const [at, { steps, transactional }] of pieces.entries()) {
    const name = names[at] as string;
    const back = returns[at] as TrialReturn;
    const returning = isTransactional(backSteps.get(name) ?? []);
    const transaction: Transaction = transactional
      ? returning
        ? 'both'
        : 'up'
      : returning
        ? 'down'
        : 'none';
    const down = back.failure === null && back.down !== null ? back.down.text : null;
    const migration = { name, transaction, up: joinSql(steps), down };
    const last = [...files.keys()].at(-1) ?? base.at(-1);
    const [before, after] = [states[at], states[at + 1]] as [Catalog, Catalog];
    const done = { up: { file: name, text: joinSql(steps) }, steps };
    const stamp = await computeStamp(workspace, extendStart(start, [...files.keys()]), back, done);
    const sealing = { before, after, last, down: stamp };
    const file = workspace.project.layout
      ? parseForeign(workspace.project, workspace.project.layout, migration)
      : makeSealed(workspace.project, migration, sealing);
    files.set(file, steps);
  }
  await keepReplayed(workspace, listUps([...base, ...files.keys()]), reached);
  return files;
}

const verbs = { missing: 'add', extra: 'drop', different: 'change' } as const;

// A descriptive name: `add_users_email_and_2_more`.
function nameFor(changes: readonly ObjectChange[]): string {
  const [first] = changes;
  if (first === undefined) return 'migration';
  const [id = ''] = first.facts;
  const path = id
    .slice(id.indexOf(':') + 1)
    .replace(/[(@].*$/, '')
    .replace(/^public\./, '');
  const more = changes.length > 1 ? ` and ${changes.length - 1} more` : '';
  return `${verbs[first.standing]} ${first.kind} ${path}${more}`;
}
