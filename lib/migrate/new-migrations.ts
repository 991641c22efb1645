// New migrations: planned, tried out in the shadow, and written as files.
import { compareCatalogs } from '../compare/compare.ts';
import type { RenamedComparison } from '../compare/renames.ts';
import { kinds } from '../kinds/index.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { makeName } from '../migration/name.ts';
import { isTransactional, joinSql, type Piece, splitPlan } from '../migration/pieces.ts';
import type { Transaction } from '../migration/text.ts';
import { type Catalog, markLoaded } from '../model/catalog.ts';
import { type Difference, makeDifference } from '../model/diff.ts';
import type { Step } from '../model/step.ts';
import { plan, splitIntoSegments } from '../plan/plan.ts';
import { planRenames } from '../plan/renames.ts';
import { Problem } from '../problem/problem.ts';
import { parseForeign } from '../project/foreign-migrations.ts';
import { listUps } from '../project/migration-folder.ts';
import type { Project } from '../project/project.ts';
import { keepReplayed } from '../project/shadow-catalog.ts';
import { extendStart, type TrialOrigin } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';
import { makeSealed, type SealOptions } from './seal.ts';
import { computeStamp } from './stamps.ts';
import { runTrial, type TrialMigration, type TrialReturn } from './trial-run.ts';

/** New migrations with the steps that each takes up. */
export type Made = ReadonlyMap<MigrationFile, readonly Step[]>;

/** How new migrations are made. */
export interface Manner {
  readonly words: string;
  readonly online: boolean;
  readonly role: string | null;
}

// The oldest server that migrations are made for: what it understands, all understand.
const oldest = 15;

/**
 * Makes the migrations to a wanted schema: plans them, tries them out in the shadow, there and back.
 * Their SQL is that of
 * every supported server, where that is enough to say what is wanted.
 * @throws Problem `unproven`, `plan_cycle`
 */
export async function proven(
  workspace: Workspace,
  origin: TrialOrigin,
  renamed: RenamedComparison,
  manner: Manner,
): Promise<Made> {
  let failure: Problem | undefined;
  for (const major of new Set([oldest, renamed.comparison.after.major])) {
    const route = routeOf(renamed, manner, major);
    try {
      return await made(workspace, origin, route, manner);
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      failure ??= thrown;
    }
  }
  throw failure as Problem;
}

/** The plan to the wanted schema, and the plans back. */
interface Route {
  readonly wanted: Catalog;
  readonly steps: readonly Step[];
  /** The way back of one of its files. @param at the place of the file */
  back(from: Catalog, to: Catalog, at: number, online: boolean): readonly Step[];
}

function routeOf(
  { comparison, renames, moved }: RenamedComparison,
  { online }: Manner,
  major: number,
): Route {
  const way = (difference: Difference, online: boolean) => plan({ difference, kinds, major, online });
  return {
    wanted: comparison.after,
    steps: splitIntoSegments([...planRenames(renames, 'up'), ...way(comparison, online)]),
    // Back to where the renames led, and then the names.
    back: (from, to, at, online) =>
      at > 0 || renames.length === 0
        ? way(makeDifference(from, to, kinds), online)
        : splitIntoSegments([
            ...way(makeDifference(from, moved, kinds), online),
            ...planRenames(renames, 'down'),
          ]),
  };
}

/** A file that is going to be written. */
interface NewMigration extends Piece {
  readonly name: string;
}

async function made(
  workspace: Workspace,
  { base, starts }: TrialOrigin,
  route: Route,
  manner: Manner,
): Promise<Made> {
  const news = newMigrations(workspace, base, route.steps, manner.words);
  const { trials, backSteps } = trialsOf(workspace.project, news, route, manner.online);
  const { start, states, returns } = await runTrial(workspace, starts, trials);
  const reached = markLoaded(states.at(-1) as Catalog, {
    files: [...listUps(base), ...news.map(({ name, steps }) => ({ file: name, text: joinSql(steps) }))],
    inOrder: true,
    as: null,
  });
  const { same, changes } = await compareCatalogs(workspace, reached, route.wanted, manner.role);
  if (!same)
    throw new Problem('unproven', {
      migration: news[0]?.name as string,
      changes: changes.map(({ text }) => text),
    });
  const files = new Map<MigrationFile, readonly Step[]>();
  for (const [at, one] of news.entries()) {
    const back = returns[at] as TrialReturn;
    const written = [...files.keys()];
    const up = { file: one.name, text: joinSql(one.steps) };
    const stamp = await computeStamp(workspace, extendStart(start, written), back, { up, steps: one.steps });
    const [before, after] = [states[at], states[at + 1]] as [Catalog, Catalog];
    const sealing = { before, after, last: written.at(-1) ?? base.at(-1), down: stamp };
    files.set(fileOf(workspace.project, one, { back, steps: backSteps.get(one.name) }, sealing), one.steps);
  }
  await keepReplayed(workspace, listUps([...base, ...files.keys()]), reached);
  return files;
}

function newMigrations(
  { project, world }: Workspace,
  base: readonly MigrationFile[],
  steps: readonly Step[],
  words: string,
): NewMigration[] {
  const news: NewMigration[] = [];
  for (const [at, piece] of splitPlan(steps, project.layout !== undefined).entries()) {
    // Other tools count in seconds.
    const last = news.at(-1)?.name ?? base.at(-1)?.name ?? (project.layout ? '0'.repeat(14) : null);
    news.push({ ...piece, name: makeName(last, world.now(), at === 0 ? words : `${words} ${at + 1}`) });
  }
  return news;
}

// The migrations to try, and the steps back of each one by its name, once it has been tried.
function trialsOf(
  { layout }: Project,
  news: readonly NewMigration[],
  route: Route,
  online: boolean,
): { trials: TrialMigration[]; backSteps: ReadonlyMap<string, readonly Step[]> } {
  const backSteps = new Map<string, readonly Step[]>();
  const trials = news.map(({ name, steps, transactional }, at) => {
    const down = (from: Catalog, to: Catalog) => {
      const waitless = route.back(from, to, at, online);
      // A way back is one file as well: it runs in a transaction where the way there does, if it has to
      // be either.
      const parts = splitPlan(waitless, layout !== undefined).length;
      const back = parts > 1 && (transactional || layout) ? route.back(from, to, at, false) : waitless;
      backSteps.set(name, back);
      return { file: `${name}, down`, text: joinSql(back) };
    };
    return { up: { file: name, text: joinSql(steps) }, down };
  });
  return { trials, backSteps };
}

function fileOf(
  project: Project,
  { name, steps, transactional }: NewMigration,
  way: { readonly back: TrialReturn; readonly steps: readonly Step[] | undefined },
  sealing: SealOptions,
): MigrationFile {
  const returning = isTransactional(way.steps ?? []);
  const oneWay = transactional ? 'up' : returning ? 'down' : 'none';
  const transaction: Transaction = transactional && returning ? 'both' : oneWay;
  const down = way.back.failure === null && way.back.down !== null ? way.back.down.text : null;
  const migration = { name, transaction, up: joinSql(steps), down };
  return project.layout
    ? parseForeign(project, project.layout, migration)
    : makeSealed(project, migration, sealing);
}
