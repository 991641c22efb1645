// The description of a source, without the objects that a project ignores.
import { readCatalog } from '../catalog/read.ts';
import type { DescribedRoutine, Description, ObjectPath } from '../describe/description.ts';
import { readDescription } from '../describe/read.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { withoutUnmanaged } from './ignore.ts';
import { readLive } from './source.ts';
import type { Workspace } from './workspace.ts';

/**
 * Describes a source: the wanted schema, migrations or a database.
 * @throws Problem of the connection, of the files, `unknown_source`
 */
export async function describeSource(workspace: Workspace, source: string): Promise<Description> {
  const { catalog, description } = await readLive(workspace, source, async (connection) => ({
    catalog: await readCatalog(connection, kinds),
    description: await readDescription(connection),
  }));
  return keepManaged(description, withoutUnmanaged(workspace.project, catalog));
}

/** The objects of a description that a catalog has, too. */
export function keepManaged(description: Description, catalog: Catalog): Description {
  const plain = new Set<string>();
  const called = new Set<string>();
  for (const { path, signature } of catalog.facts.values()) {
    // Paths of parts, such as columns, begin with the names of their object.
    if (signature === '') plain.add(keyOf(path.slice(0, 2)));
    else called.add(keyOf(path)).add(keyOf([...path, signature.replace(/([(,] ?)IN /g, '$1')]));
  }
  const isPlain = ({ path }: { readonly path: ObjectPath }) => plain.has(keyOf(path));
  // The server lists the arguments of an aggregate in other words than the catalog.
  const isCalled = ({ path, signature, sort }: DescribedRoutine) =>
    called.has(keyOf(sort === 'aggregate' ? path : [...path, `(${signature})`]));
  const relations = description.relations.filter(isPlain);
  const types = description.types.filter(isPlain);
  const routines = description.routines.filter(isCalled);
  const sequences = description.sequences.filter(isPlain);
  const used = new Set([...relations, ...types, ...routines, ...sequences].map(({ path }) => path[0]));
  const isThere = (name: string) => plain.has(keyOf([name]));
  return {
    ...description,
    schemas: description.schemas.filter(({ name }) => used.has(name) || isThere(name)),
    extensions: description.extensions.filter(isThere),
    relations,
    types,
    routines,
    sequences,
  };
}

const keyOf = (path: readonly string[]) => path.join('\0');
