// The catalog of a database that holds nothing yet.
import type { Catalog } from './catalog.ts';
import type { Fact } from './fact.ts';
import type { Kinds } from './kind.ts';

/** The catalog of a new database of a server version: the facts that exist from the start. */
export function emptyCatalog(major: number, kinds: Kinds): Catalog {
  const facts = [...kinds.values()].flatMap((kind): readonly Fact[] => kind.initial ?? []);
  return {
    major,
    role: null,
    facts: new Map(facts.map((fact) => [fact.id, fact])),
    needs: new Map(),
    dies: new Map(),
    links: new Map(),
    unmanaged: [],
  };
}
