// From recorded to wanted: the migrations that are still to be written, proven and held in memory.

import type { ObjectChange } from '../compare/changes.ts';
import { comparisonOf } from '../compare/compare.ts';
import { compareRenamed, type Renamed, type Renaming } from '../compare/renames.ts';
import { kinds } from '../kinds/index.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { nextName } from '../migration/name.ts';
import { isTransactional, type Piece, piecesOf, sqlOf } from '../migration/pieces.ts';
import type { Transaction } from '../migration/text.ts';
import { asLoaded, type Catalog } from '../model/catalog.ts';
import type { Step } from '../model/step.ts';
import { plan, segmented } from '../plan/plan.ts';
import { type Rename, renameSteps } from '../plan/renames.ts';
import { Problem } from '../problem/problem.ts';
import type { Context } from '../project/context.ts';
import { expectedRole } from '../project/expected-role.ts';
import { foreignMigration } from '../project/foreign-migrations.ts';
import { checkChain, forward, readMigrations } from '../project/migration-folder.ts';
import { keepReplayed, replay } from '../project/shadow-catalog.ts';
import { keepShadows } from '../project/shadow-pool.ts';
import { filesOf, readSource } from '../project/source.ts';
import { further, originOf, type TrialOrigin } from '../project/trial-start.ts';
import { sealDrafts, sealed } from './seal.ts';
import { stampOf } from './stamps.ts';
import { rehearse, type TrialReturn } from './trial-run.ts';

/** What is to be written so that the migrations lead to the wanted schema. */
export interface Composition {
  /** The folder as it was read. */
  readonly folder: readonly MigrationFile[];
  /** The folder as it would be then, in its order. */
  readonly files: readonly MigrationFile[];
  /** Those of the files that differ from the folder: drafts that were sealed, and new ones. */
  readonly written: readonly MigrationFile[];
  /** What the new ones change, as people count it. */
  readonly changes: readonly ObjectChange[];
  /** The steps of each new one, by its name. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  /** What is renamed, and what looks like it and nobody said so. */
  readonly renames: readonly Rename[];
  readonly possible: readonly Rename[];
}

// The oldest server that migrations are made for: what it understands, all understand.
const oldest = 15;

/** How migrations are made. */
export interface ComposeOptions {
  /** What the migration is called; default: by what it does. */
  readonly name?: string | undefined;
  /**
   * Whether nobody shall have to wait for them, also if that takes more files; false: one transaction where that is
   * possible at all. Default: as configured, else true.
   */
  readonly online?: boolean | undefined;
}

/**
 * Composes the next migrations. Their ways up lead to the wanted schema exactly; their ways back are stamped.
 * @param renaming how it is known what was renamed, besides by comments in the wanted schema
 * @throws Problem `broken_chain`, `unproven`, `plan_cycle`, `bad_option` of a rename; of the sources
 */
export function compose(
  context: Context,
  making: ComposeOptions = {},
  renaming: Omit<Renaming, 'files'> = {},
): Promise<Composition> {
  return keepShadows(context, () => composed(context, making, renaming));
}

async function composed(
  context: Context,
  { name, online }: ComposeOptions,
  renaming: Renaming,
): Promise<Composition> {
  const folder = await readMigrations(context);
  checkChain(folder);
  const base = context.layout ? folder : await sealDrafts(context, folder);
  const drafts = base.filter((file) => !folder.includes(file));
  const files = await filesOf(context, context.schema);
  const [recorded, wanted] = await Promise.all([recordedSchema(context, base), replay(context, files)]);
  const { role = await expectedRole(context) } = renaming;
  const asked = { ...renaming, role, files };
  const renamed = await compareRenamed(context, recorded, wanted, asked, (statements) => {
    const file = { file: 'renames', text: `${statements.join(';\n')};` };
    return replay(context, [...forward(base), file], { inOrder: true });
  });
  const { comparison, renames, possible } = renamed;
  if (comparison.same)
    return { folder, files: base, written: drafts, changes: [], steps: new Map(), renames, possible };
  const made = await chosen(context, originOf(base, recorded, files, wanted), renamed, {
    words: name ?? nameFor(comparison.changes),
    online: (online ?? context.online ?? true) && writesOutside(context),
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
export async function recordedSchema(context: Context, files: readonly MigrationFile[]): Promise<Catalog> {
  return files.length === 0
    ? readSource(context, 'empty')
    : replay(context, forward(files), { inOrder: true });
}

/** New migrations with the steps that each takes up. */
type Made = ReadonlyMap<MigrationFile, readonly Step[]>;

interface Manner {
  readonly words: string;
  readonly online: boolean;
  readonly role: string | null;
}

// That nobody has to wait is not worth a way back: where only the plain way is proven in both directions, it is taken.
async function chosen(
  context: Context,
  origin: TrialOrigin,
  renamed: Renamed,
  manner: Manner,
): Promise<Made> {
  const plainly = () => proven(context, origin, renamed, { ...manner, online: false });
  if (!manner.online) return plainly();
  let waitless: Made;
  try {
    waitless = await proven(context, origin, renamed, manner);
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return plainly();
  }
  if (leadsBack(waitless)) return waitless;
  const plain = await plainly();
  return leadsBack(plain) ? plain : waitless;
}

// Where all files of a tool run in transactions, nothing else can be in them.
const writesOutside = ({ layout }: Context): boolean =>
  layout === undefined || layout.written?.outside === true;

function leadsBack(made: Made): boolean {
  return [...made.keys()].every(({ migration }) => migration.header?.down.is !== 'impossible');
}

// SQL that every supported server understands, where that is enough to say what is wanted.
async function proven(
  context: Context,
  origin: TrialOrigin,
  { comparison: { before, after: wanted }, renames, moved }: Renamed,
  manner: Manner,
): Promise<Made> {
  let failure: Problem | undefined;
  for (const major of new Set([oldest, wanted.major])) {
    const way = (from: Catalog, to: Catalog, online: boolean) =>
      plan({ before: from, after: to, kinds, major, online });
    const first = renameSteps(renames, 'up');
    const all = segmented([...first, ...way(before, wanted, manner.online)]);
    const pieces = piecesOf(all, context.layout !== undefined);
    // Back to where the renames led, and then the names.
    const wayBack = (from: Catalog, to: Catalog, at: number, online: boolean) =>
      at > 0 || renames.length === 0
        ? way(from, to, online)
        : segmented([...way(from, moved, online), ...renameSteps(renames, 'down')]);
    try {
      return await made(context, origin, pieces, wanted, manner, wayBack);
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      failure ??= thrown;
    }
  }
  throw failure as Problem;
}

async function made(
  context: Context,
  { base, starts }: TrialOrigin,
  pieces: readonly Piece[],
  wanted: Catalog,
  { words, online, role }: Manner,
  wayBack: (from: Catalog, to: Catalog, at: number, online: boolean) => readonly Step[],
): Promise<Made> {
  const names: string[] = [];
  for (const [at] of pieces.entries()) {
    // Other tools count in seconds.
    const last = names.at(-1) ?? base.at(-1)?.name ?? (context.layout ? '0'.repeat(14) : null);
    names.push(nextName(last, context.now(), at === 0 ? words : `${words} ${at + 1}`));
  }
  const backSteps = new Map<string, readonly Step[]>();
  const { start, states, returns } = await rehearse(
    context,
    starts,
    pieces.map(({ steps, transactional }, at) => {
      const file = names[at] as string;
      const down = (from: Catalog, to: Catalog) => {
        const waitless = wayBack(from, to, at, online);
        // A way back is one file as well: it runs in a transaction where the way there does, if it has to be either.
        const parts = piecesOf(waitless, context.layout !== undefined).length;
        const back = parts > 1 && (transactional || context.layout) ? wayBack(from, to, at, false) : waitless;
        backSteps.set(file, back);
        return { file: `${file}, down`, text: sqlOf(back) };
      };
      return { up: { file, text: sqlOf(steps) }, down };
    }),
  );
  const files = new Map<MigrationFile, readonly Step[]>();
  const ups = pieces.map(({ steps }, at) => ({ file: names[at] as string, text: sqlOf(steps) }));
  const reached = asLoaded(states.at(-1) as Catalog, {
    files: [...forward(base), ...ups],
    inOrder: true,
    as: null,
  });
  const left = await comparisonOf(context, reached, wanted, role);
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
    const migration = { name, transaction, up: sqlOf(steps), down };
    const last = [...files.keys()].at(-1) ?? base.at(-1);
    const [before, after] = [states[at], states[at + 1]] as [Catalog, Catalog];
    const done = { up: { file: name, text: sqlOf(steps) }, steps };
    const stamp = await stampOf(context, further(start, [...files.keys()]), back, done);
    const sealing = { before, after, last, down: stamp };
    const file = context.layout
      ? foreignMigration(context, context.layout, migration)
      : sealed(context, migration, sealing);
    files.set(file, steps);
  }
  await keepReplayed(context, forward([...base, ...files.keys()]), reached);
  return files;
}

const verbs = { missing: 'add', extra: 'drop', different: 'change' } as const;

// `add_users_email_and_2_more`: a name that tells more than a number.
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
