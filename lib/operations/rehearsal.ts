// Migrations tried out where nothing can be broken: up and back in the shadow, and what came of it.
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import { asComplete, type Catalog } from '../model/catalog.ts';
import { diff, isEmpty } from '../model/diff.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem.ts';
import type { Context } from './context.ts';
import type { TextFile } from './files.ts';
import { around, extensionsOf, inShadow, parseFiles, readState, wantsCommit } from './replay.ts';

/** A migration to be tried. */
export interface Way {
  readonly up: TextFile;
  /** The way back; or how to make one between two states; null: there is none. */
  readonly down: TextFile | null | ((from: Catalog, to: Catalog) => TextFile | null);
}

/** What came of a way back: why it fails; or null, where it leads back exactly. */
export interface Return {
  readonly down: TextFile | null;
  readonly failure: string | null;
}

/** What came of all. */
export interface Rehearsal {
  /** The schema before the first, and after each. */
  readonly states: readonly Catalog[];
  /** The ways back. Where one fails, those before it were not reached. */
  readonly returns: readonly Return[];
}

/**
 * Applies migrations after those that are recorded, then takes them back from the last to the first.
 * @throws Problem of a way up, with its place in the file
 */
export async function rehearse(
  context: Context,
  given: readonly TextFile[],
  ways: readonly Way[],
): Promise<Rehearsal> {
  const recorded = [...around(context), ...given];
  const files = await parseFiles([...recorded, ...ways.map(({ up }) => up)]);
  const { load } = await import('../shadow/load.ts');
  return inShadow(context, extensionsOf(files), async (connection, committed) => {
    const run = async (file: (typeof files)[number]) => {
      await load(connection, [file], { committed, anyOrder: false });
      // What is still to be checked of rows would stand in the way of the next one.
      if (!committed) await connection.execute('set constraints all immediate');
    };
    for (const file of files.slice(0, recorded.length)) await run(file);
    const states = [await look(connection, committed)];
    for (const file of files.slice(recorded.length)) {
      await run(file);
      states.push(await look(connection, committed));
    }
    const returns: Return[] = ways.map(() => ({
      down: null,
      failure: 'what comes after it cannot be undone',
    }));
    for (let at = ways.length - 1; at >= 0; at--) {
      const to = states[at] as Catalog;
      const tried = await back(ways[at] as Way, states[at + 1] as Catalog, to, async (down) => {
        for (const file of await parseFiles([down])) await run(file);
        return diff(await look(connection, committed), to, kinds);
      });
      if ('thrown' in tried) {
        if (!committed && wantsCommit(tried.thrown)) throw tried.thrown;
        returns[at] = { down: null, failure: tried.thrown.message };
      } else returns[at] = tried;
      if (returns[at]?.failure !== null) break;
    }
    return { states, returns };
  });
}

async function back(
  { down }: Way,
  from: Catalog,
  to: Catalog,
  attempt: (down: TextFile) => Promise<ReturnType<typeof diff>>,
): Promise<Return | { readonly thrown: Problem }> {
  try {
    const file = typeof down === 'function' ? down(from, to) : down;
    if (file === null) return { down: null, failure: 'it has no way back' };
    const left = await attempt(file);
    if (isEmpty(left)) return { down: file, failure: null };
    const ids = [...left.added, ...left.removed, ...left.changed.map((one) => one.to)].map(({ id }) => id);
    return { down: file, failure: `it does not bring back ${ids.join(', ')}` };
  } catch (thrown) {
    if (thrown instanceof Problem && ('sqlstate' in thrown.data || thrown.code === 'plan_cycle'))
      return { thrown };
    throw thrown;
  }
}

async function look(connection: Connection, committed: boolean): Promise<Catalog> {
  return asComplete(await seen(connection, committed));
}

async function seen(connection: Connection, committed: boolean): Promise<Catalog> {
  if (committed) return snapshot(connection, (reader) => readCatalog(reader, kinds));
  // Going back to it, settings are again as they were.
  await connection.execute('savepoint look');
  const catalog = await readState(connection);
  await connection.execute('rollback to look; release look');
  return catalog;
}
