// Canonicalizes definitions. Servers of different versions write the same definition differently, and so does
// one server that reads its own text again. Here one catalog is rewritten like the other, so that the
// remaining differences are real.
import { kinds } from '../kinds/index.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import { type Changed, type Difference, isEmpty, isEqual, makeDifference, recheck } from '../model/diff.ts';
import type { Fact, Json, Payload } from '../model/fact.ts';
import type { Workspace } from '../project/workspace.ts';
import { readBack } from './read-back.ts';

/**
 * Canonicalizes definitions that seem to differ. With different versions, the shadow runs the definitions of
 * the older server, and if needed those of the other one, and reads them back. Definitions that it cannot run
 * stay as they are. `major` and `role` of each catalog stay.
 * @throws Problem of the shadow
 */
export async function canonicalize(
  workspace: Workspace,
  first: Catalog,
  second: Catalog,
): Promise<Difference> {
  const seeming = makeDifference(first, second, kinds);
  if (isEmpty(seeming.diff)) return seeming;
  if (seeming.before.major === seeming.after.major) return withoutDoubts(workspace, seeming);
  const { told } = await givenBack(workspace, seeming);
  return withoutDoubts(workspace, await acrossVersions(workspace, told));
}

// A server tells its own text otherwise once it is given it back, so both have been run by the shadow
// before one is different.
async function acrossVersions(workspace: Workspace, told: Difference): Promise<Difference> {
  const { before, after, diff } = told;
  const { added, removed, changed } = diff;
  const ids = changed.map(idOf);
  const isOlder = before.major < after.major;
  const once = isOlder
    ? recheck(told, { before: await retold(workspace, before, ids, added) }, kinds)
    : recheck(told, { after: await retold(workspace, after, ids, removed) }, kinds);
  const left = once.diff.changed;
  const newer = await readBack(workspace, isOlder ? once.after : once.before, left.map(idOf));
  const same = left.filter(({ from, to }) => {
    const [older, own] = isOlder ? [from, to] : [to, from];
    const words = newer.facts.get(own.id);
    return words !== undefined && isEqual(older.payload, reworded(own.payload, words.payload));
  });
  return withSame(once, same);
}

// A catalog with some of its facts in the words of the shadow, and those of `missing` that the shadow
// makes of them.
async function retold(
  workspace: Workspace,
  catalog: Catalog,
  ids: readonly string[],
  missing: readonly Fact[],
): Promise<Catalog> {
  if (ids.length === 0) return catalog;
  const words = await readBack(
    workspace,
    catalog,
    ids,
    missing.map(({ id }) => id),
  );
  const facts = new Map(catalog.facts);
  for (const id of ids) {
    const [fact, told] = [facts.get(id), words.facts.get(id)];
    if (fact && told) facts.set(id, { ...fact, payload: reworded(fact.payload, told.payload) });
  }
  const made = missing.flatMap(({ id }) => words.facts.get(id) ?? []);
  for (const fact of made) facts.set(fact.id, fact);
  return withRelations(catalog, facts, () => {
    const joined = <T>(own: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>) =>
      new Map([
        ...own,
        ...made.flatMap(({ id }): [string, T][] => (other.has(id) ? [[id, other.get(id) as T]] : [])),
      ]);
    const { needs, dies, links } = catalog;
    return { needs: joined(needs, words.needs), dies: joined(dies, words.dies), links };
  });
}

// Boolean attributes are not part of the text, and a definition does not show them all, for example if an
// index is valid.
function reworded(own: Payload, told: Payload): Payload {
  const kept = Object.entries(own).filter(([, value]) => typeof value === 'boolean');
  return { ...told, ...Object.fromEntries(kept) };
}

const idOf = ({ to }: Changed) => to.id;
const isSame = (a: Fact | undefined, b: Fact | undefined) =>
  a !== undefined && b !== undefined && isEqual(a.payload, b.payload);

// A text that only gained casts on the way is the same from then on. `before` nearly always has them, because
// it comes from a database: then it is enough to run `after` once more.
async function givenBack(
  workspace: Workspace,
  told: Difference,
): Promise<{ told: Difference; again: Catalog }> {
  const doubtful = told.diff.changed.filter(isDoubtful);
  const again = await readBack(workspace, told.after, doubtful.map(idOf));
  const same = doubtful.filter(({ from, to }) => isSame(from, again.facts.get(to.id)));
  return { told: withSame(told, same), again };
}

// Otherwise both are run once more.
async function withoutDoubts(workspace: Workspace, seeming: Difference): Promise<Difference> {
  const { told, again } = await givenBack(workspace, seeming);
  const doubtful = told.diff.changed.filter(isDoubtful);
  const first = await readBack(workspace, told.before, doubtful.map(idOf));
  return withSame(
    told,
    doubtful.filter(({ to: { id } }) => isSame(first.facts.get(id), again.facts.get(id))),
  );
}

function withSame(told: Difference, same: readonly Changed[]): Difference {
  if (same.length === 0) return told;
  const { before } = told;
  const facts = new Map(before.facts);
  for (const { from, to } of same) facts.set(to.id, { ...from, payload: to.payload });
  return recheck(told, { before: withRelations(before, facts, () => before) }, kinds);
}

/**
 * True if only casts, parentheses and result names differ, which a server adds to a text that it reads again
 * (`b IN ('x')` on a varchar; `NULL::integer AS int4`). With other differences, the shadow cannot help.
 */
export function isDoubtful({ from, to, attributes }: Changed): boolean {
  return attributes.every((name) => isEqual(bare(from.payload[name]), bare(to.payload[name])));
}

const casts =
  /::(?:"[^"]*"|[a-z_][\w$]*)(?:\.(?:"[^"]*"|[\w$]+))?(?: (?:varying|precision|with(?:out)? time zone))?(?:\([\d,]+\))?(?:\[\])*/gi;

const names = /\bAS (?:"(?:[^"]|"")*"|[a-z_][\w$]*)/g;

function bare(value: Json | undefined): Json {
  if (typeof value !== 'string') return value ?? null;
  return value
    .replace(casts, '')
    .replace(names, '')
    .replace(/[()\s]/g, '');
}
