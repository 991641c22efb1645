// The grants on columns that a grant on their table must consider.
import type { Catalog } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import type { Privileges } from './privileges.ts';

const byTable = new WeakMap<Catalog, ReadonlyMap<string, readonly Fact<Privileges>[]>>();

/** The grants to the same grantee, before and after, on the columns of this grant's table. */
export function columnGrants(
  { path, parent }: Pick<Fact, 'path' | 'parent'>,
  { before, after }: Scope,
): readonly Fact<Privileges>[] {
  let index = byTable.get(after);
  if (index === undefined) {
    index = indexed(after);
    byTable.set(after, index);
  }
  const all = index.get(parent as string) ?? [];
  return all.filter((other) => other.path.at(-1) === path.at(-1) && before.facts.has(other.id));
}

function indexed({ facts }: Catalog): Map<string, Fact<Privileges>[]> {
  const index = new Map<string, Fact<Privileges>[]>();
  for (const fact of facts.values() as Iterable<Fact<Privileges>>) {
    const table = fact.kind === 'grant' ? facts.get(fact.parent as string)?.parent : null;
    if (table != null) index.set(table, [...(index.get(table) ?? []), fact]);
  }
  return index;
}
