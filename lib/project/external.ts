// Schemas that another program manages, in a shadow: they are there, so that others can refer to them, and
// are part of no catalog.
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import { diff } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import { nameFact } from '../model/fact-name.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { withoutExternal } from './ignore.ts';
import type { Project } from './project.ts';
import { shownPath } from './sql-files.ts';

/** Reads a shadow, in the transaction that is open. */
export type ReadShadow = (connection: Connection) => Promise<Catalog>;

/** Reads a shadow without the schemas of other programs. */
export const readOwn =
  (project: Pick<Project, 'external'>): ReadShadow =>
  async (connection) =>
    withoutExternal(project, await readCatalog(connection, kinds));

/**
 * The same, which refuses a shadow where these schemas are not as their own files create them: what the
 * schema or a migration does there would be done in no database, or once for each tenant.
 * @param around a shadow with their files alone
 * @throws Problem `external_changed`
 */
export const readGuarded =
  (project: Pick<Project, 'external'>, around: Catalog): ReadShadow =>
  async (connection) => {
    const whole = await readCatalog(connection, kinds);
    const own = withoutExternal(project, whole);
    const before = onlyOthers(around, withoutExternal(project, around));
    const { added, removed, changed } = diff(before, onlyOthers(whole, own), kinds);
    const objects = nameAll([...added, ...removed, ...changed.map(({ to }) => to)]);
    if (objects.length > 0) throw new Problem('external_changed', { objects });
    return own;
  };

/**
 * Refuses files of external schemas that create other objects: the shadow alone would have these, and no
 * migration would create them.
 * @param host a shadow without these files
 * @param around a shadow with these files alone
 * @throws Problem `external_outside`
 */
export function refuseOutsideExternal(
  { root, external = {} }: Pick<Project, 'root' | 'external'>,
  host: Catalog,
  around: Catalog,
): void {
  const { added, removed, changed } = diff(host, withoutExternal({ external }, around), kinds);
  const objects = nameAll([...added, ...removed, ...changed.map(({ to }) => to)]);
  if (objects.length === 0) return;
  const files = [...new Set(Object.values(external))].map((path) => shownPath(root, path));
  throw new Problem('external_outside', { files, objects, schemas: Object.keys(external) });
}

// Without those that are part of others.
function nameAll(facts: readonly Fact[]): string[] {
  const ids = new Set(facts.map(({ id }) => id));
  return facts.filter(({ parent }) => !ids.has(parent ?? '')).map((fact) => nameFact(fact, kinds));
}

function onlyOthers(whole: Catalog, own: Catalog): Catalog {
  const others = [...whole.facts].filter(([id]) => !own.facts.has(id));
  return withRelations(whole, new Map(others), () => whole);
}
