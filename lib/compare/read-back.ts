// Definitions that are run in the shadow and read back, a batch at a time: time and memory grow with a batch,
// not with the schema, and a definition that fails slows down its own batch alone.
import { createHash } from 'node:crypto';
import { kinds } from '../kinds/index.ts';
import { type Catalog, type Relations, withRelations } from '../model/catalog.ts';
import { makeDifference } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import { makeUnnotedUses } from '../model/unnoted-uses.ts';
import { plan } from '../plan/plan.ts';
import { encodeCatalog } from '../project/catalog-codec.ts';
import { readOwn } from '../project/external.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import {
  listExtensions,
  listTablespaces,
  parseFiles,
  readState,
  readSurrounding,
  replay,
} from '../project/shadow-catalog.ts';
import { refuseSuperuser } from '../project/shadow-pool.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Ground, Shadow } from '../shadow/shadow.ts';
import type { SqlFile } from '../sql/parse.ts';

/**
 * The number of facts in a batch: about two hundred tables of ten columns. Reading the shadow takes 0.1 s for
 * each batch.
 */
export const batchSize = 2000;

/**
 * Runs definitions in the shadow and reads them back. Definitions that fail there are missing in the result.
 * @param ids the facts to run; their dependencies are run with them
 * @param also facts to read as well, if the shadow creates them
 * @returns a catalog of only these facts
 * @throws Problem of the shadow
 */
export async function readBack(
  workspace: Workspace,
  catalog: Catalog,
  ids: readonly string[],
  also: readonly string[] = [],
): Promise<Catalog> {
  const wanted = new Set([...ids, ...also]);
  const batches = splitForReading(catalog, ids, batchSize);
  if (batches.length === 0) return joined(catalog, []);
  // Kept whole, because `also` changes with each edit of the schema, and the definitions do not.
  const around = await describeSurrounding(workspace);
  const content = ['read back', ...around, ...ids, ...batches.map(encodeCatalog)];
  const all = await workspace.catalogs.get(content, async () => {
    const read: Catalog[] = [];
    for (const batch of batches) read.push(await runIn(workspace, batch));
    return joined(catalog, read);
  });
  return only(all, wanted);
}

/**
 * The catalog of a shadow that ran all definitions of a catalog that work there.
 * @param more statements to run after them; those that fail are left out, too
 * @throws Problem of the shadow
 */
export async function readBackAll(
  workspace: Workspace,
  catalog: Catalog,
  more: readonly string[] = [],
): Promise<Catalog> {
  const around = await describeSurrounding(workspace);
  const content = ['same words', ...around, encodeCatalog(catalog), ...more];
  return workspace.catalogs.get(content, () => runIn(workspace, catalog, more));
}

// The shadow, and the schemas of other programs that definitions can refer to.
async function describeSurrounding({ project, shadows }: Workspace): Promise<string[]> {
  const files = project.external === undefined ? [] : await readSurrounding(project);
  return [await shadows.describe(), ...files.map(({ text }) => text)];
}

async function runIn(workspace: Workspace, catalog: Catalog, more: readonly string[] = []): Promise<Catalog> {
  const [{ parseSql }, { quoteNewerWords }, { loadFiles }] = await Promise.all([
    import('../sql/parse.ts'),
    import('../sql/newer-words.ts'),
    import('../shadow/load.ts'),
  ]);
  const nothing = withoutUnmanaged(workspace.project, await replay(workspace, []));
  const steps = plan({ difference: makeDifference(nothing, catalog, kinds), kinds, verbatim: true });
  const texts = steps.map(({ sql }) => `${quoteNewerWords(sql, catalog.major)}\n;\n`);
  const script = await parseSql('the database', texts.join(''));
  const rest = await parseSql('more', more.map((sql) => `${sql}\n;\n`).join(''));
  const first = await parseFiles(await readSurrounding(workspace.project));
  const { loaded = null } = catalog;
  const ofDatabase = loaded === null || loaded.ofDatabase === true;
  const run = (shadow: Shadow) => {
    if (ofDatabase) refuseSuperuser(workspace.project, shadow);
    return shadow.state(
      async (connection) => {
        await loadFiles(connection, [script], { lenient: true });
        await loadFiles(connection, [rest], { lenient: true, anyOrder: false });
        return readState(connection, readOwn(workspace.project));
      },
      groundOf(first, listTablespaces([script, rest]), loadFiles),
    );
  };
  return workspace.shadows.use(listExtensions([...first, script]), run, { ofDatabase });
}

// It stays from one batch to the next.
function groundOf(
  files: readonly SqlFile[],
  tablespaces: readonly string[],
  load: typeof import('../shadow/load.ts').loadFiles,
): Ground {
  const key = createHash('sha256').update(JSON.stringify(files.map(({ text }) => text)));
  return {
    key: `read back ${key.digest('hex')}`,
    tablespaces,
    lay: async (connection) => void (await load(connection, files, { lenient: true })),
  };
}

/**
 * Splits facts of a catalog, with their dependencies, into catalogs of a limited number of facts, or of one
 * fact with its dependencies. Facts of one table, and its views, are in the same batch if they fit.
 */
export function splitForReading(catalog: Catalog, ids: readonly string[], size: number): Catalog[] {
  // Closures work out the relations of the whole catalog, which equal ones never need.
  if (ids.length === 0) return [];
  const closureOf = closures(catalog);
  const places = new Map([...catalog.facts.keys()].map((id, place) => [id, place]));
  const placeOf = (id: string) => places.get(id) ?? -1;
  // The place of its table, or of the first table that it reads.
  const group = (closure: ReadonlySet<string>) =>
    [...closure].reduce((first, id) => {
      const fact = catalog.facts.get(id) as Fact;
      const isTable = fact.parent === null && kinds.get(fact.kind)?.data?.holdsData?.(fact);
      return isTable ? Math.min(first, placeOf(id)) : first;
    }, Number.MAX_SAFE_INTEGER);
  const all = ids.flatMap((id) => {
    const closure = closureOf(id);
    return closure.size === 0 ? [] : [{ closure, group: group(closure), place: placeOf(id) }];
  });
  all.sort((a, b) => a.group - b.group || a.place - b.place);
  const batches: Set<string>[] = [];
  for (const { closure } of all) {
    const last = batches.at(-1);
    const added = last === undefined ? size : [...closure].filter((id) => !last.has(id)).length;
    if (last === undefined || last.size + added > size) batches.push(new Set(closure));
    else for (const id of closure) last.add(id);
  }
  return batches.map((kept) => only(catalog, kept));
}

// A fact with all that it cannot be without.
function closures(catalog: Catalog): (id: string) => ReadonlySet<string> {
  const inseparable = new Map<string, string[]>();
  for (const { id, kind, parent } of catalog.facts.values())
    if (parent !== null && kinds.get(kind)?.inline?.inseparable)
      inseparable.set(parent, [...(inseparable.get(parent) ?? []), id]);
  const usesOf = makeUnnotedUses(catalog, kinds);
  return (start) => {
    const kept = new Set<string>();
    const open = [start];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const fact = catalog.facts.get(id);
      if (fact === undefined || kept.has(id)) continue;
      kept.add(id);
      if (fact.parent !== null) open.push(fact.parent);
      open.push(...(catalog.needs.get(id)?.keys() ?? []), ...usesOf(id));
      open.push(...fact.origins, ...(inseparable.get(id) ?? []));
    }
    return kept;
  };
}

function only(catalog: Catalog, ids: ReadonlySet<string>): Catalog {
  const within = <T>(of: ReadonlyMap<string, T>) => new Map([...of].filter(([id]) => ids.has(id)));
  return withRelations(catalog, within(catalog.facts), () => ({
    needs: within(catalog.needs),
    dies: within(catalog.dies),
    links: catalog.links,
  }));
}

function joined(catalog: Catalog, parts: readonly Catalog[]): Catalog {
  const all = <T>(of: (part: Catalog) => ReadonlyMap<string, T>) =>
    new Map(parts.flatMap((part) => [...of(part)]));
  const relations = (): Relations => ({
    needs: all(({ needs }) => needs),
    dies: all(({ dies }) => dies),
    links: all(({ links }) => links),
  });
  return withRelations(
    parts[0] ?? catalog,
    all<Fact>(({ facts }) => facts),
    relations,
  );
}
