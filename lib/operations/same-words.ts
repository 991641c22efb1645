// The same thing can be told in different words: by servers of different versions, and by one server that is given its
// own text back. Here one catalog is told in another's words, so that what still differs is different.
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { type Changed, diff, equal, isEmpty } from '../model/diff.ts';
import type { Fact, Json } from '../model/fact.ts';
import { plan } from '../plan/index.ts';
import { cached } from './cache.ts';
import { encodeCatalog } from './catalog-text.ts';
import type { Context } from './context.ts';
import { readState, replay, shadowName } from './replay.ts';
import { useShadow } from './shadows.ts';

/**
 * Tells `actual` in the words of `wanted`. Where versions differ, its definitions are run in the shadow and read back;
 * what can't be rebuilt there stays as it was told. Nothing is done where nothing seems to differ.
 * @throws Problem of the shadow
 */
export async function sameWords(context: Context, actual: Catalog, wanted: Catalog): Promise<Catalog> {
  const skewed = actual.major !== wanted.major;
  if (skewed && isEmpty(diff(actual, wanted, kinds))) return actual;
  const told = skewed ? merge(actual, await retell(context, actual)) : actual;
  const doubtful = diff(told, wanted, kinds).changed.filter(isDoubtful);
  if (doubtful.length === 0) return told;
  // Both once more: a text that only gained casts on the way is the same from then on.
  const ids = doubtful.map(({ to }) => to.id);
  const first = await retell(context, part(told, ids));
  const second = await retell(context, part(wanted, ids));
  const facts = new Map(told.facts);
  for (const { from, to } of doubtful) {
    const [a, b] = [first.facts.get(to.id), second.facts.get(to.id)];
    if (a && b && equal(a.payload, b.payload)) facts.set(to.id, { ...from, payload: to.payload });
  }
  return { ...told, facts };
}

// Casts and parentheses are what a server adds to a text that it is given back (`b IN ('x')` on a varchar). Where more
// than these differs, there is nothing to ask.
function isDoubtful({ from, to, attributes }: Changed): boolean {
  return attributes.every((name) => equal(bare(from.payload[name]), bare(to.payload[name])));
}

const casts =
  /::(?:"[^"]*"|[a-z_][\w$]*)(?:\.(?:"[^"]*"|[\w$]+))?(?: (?:varying|precision|with(?:out)? time zone))?(?:\([\d,]+\))?(?:\[\])*/gi;

function bare(value: Json | undefined): Json {
  return typeof value === 'string' ? value.replace(casts, '').replace(/[()\s]/g, '') : (value ?? null);
}

/** The catalog of a shadow in which the definitions of a catalog were run. */
async function retell(context: Context, catalog: Catalog): Promise<Catalog> {
  const content = ['same words', await shadowName(context), encodeCatalog(catalog)];
  return cached(context, content, async () => {
    const [{ parse }, { load }] = await Promise.all([import('../sql/parse.ts'), import('../shadow/load.ts')]);
    const nothing = await replay(context, []);
    const steps = plan({ before: nothing, after: catalog, kinds, major: nothing.major });
    const script = await parse('the database', steps.map(({ sql }) => `${sql}\n;\n`).join(''));
    return useShadow(context, script.extensions, (shadow) =>
      shadow.state(async (connection) => {
        await load(connection, [script], { lenient: true });
        return readState(connection);
      }),
    );
  });
}

// Where the shadow lacks something, an extension for example, the fact and its relations stay those of the database.
function merge(actual: Catalog, told: Catalog): Catalog {
  const lost = [...actual.facts.values()].filter(({ id }) => !told.facts.has(id));
  const relations = <T>(own: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>) =>
    new Map([...lost.flatMap(({ id }) => (own.has(id) ? [[id, own.get(id) as T] as const] : [])), ...other]);
  return {
    ...told,
    // What will run the plan is still the database's own server.
    major: actual.major,
    role: actual.role,
    unmanaged: actual.unmanaged,
    facts: new Map([...told.facts, ...lost.map((fact) => [fact.id, fact] as const)]),
    needs: relations(actual.needs, told.needs),
    dies: relations(actual.dies, told.dies),
    links: new Map([...actual.links, ...told.links]),
  };
}

// Some facts of a catalog and all that they can't be without.
function part(catalog: Catalog, ids: readonly string[]): Catalog {
  const kept = new Set<string>();
  const add = (id: string): void => {
    const fact = catalog.facts.get(id);
    if (fact === undefined || kept.has(id)) return;
    kept.add(id);
    if (fact.parent !== null) add(fact.parent);
    for (const needed of catalog.needs.get(id)?.keys() ?? []) add(needed);
    for (const origin of fact.origins) add(origin);
    for (const child of inseparable.get(id) ?? []) add(child.id);
  };
  const inseparable = new Map<string, Fact[]>();
  for (const fact of catalog.facts.values())
    if (fact.parent !== null && kinds.get(fact.kind)?.inseparable)
      inseparable.set(fact.parent, [...(inseparable.get(fact.parent) ?? []), fact]);
  ids.forEach(add);
  const within = <T>(of: ReadonlyMap<string, T>) => new Map([...of].filter(([id]) => kept.has(id)));
  return {
    ...catalog,
    facts: within(catalog.facts),
    needs: within(catalog.needs),
    dies: within(catalog.dies),
  };
}
