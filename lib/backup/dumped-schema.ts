// The part of a schema that pg_dump writes.
import { kinds } from '../kinds/index.ts';
import { type Catalog, withDependents, withoutFacts } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';

/** A schema without what pg_dump leaves out, and the objects that it leaves out, each with the reason. */
export interface DumpedSchema {
  readonly catalog: Catalog;
  readonly left: readonly string[];
}

/** Leaves out what pg_dump leaves out: invalid indexes (source: pg_dump.c, getIndexes). */
export function selectDumped(catalog: Catalog): DumpedSchema {
  const invalid = [...catalog.facts.values()].filter(isInvalid);
  if (invalid.length === 0) return { catalog, left: [] };
  const ids = invalid.map(({ id }) => id);
  return {
    catalog: withoutFacts(catalog, withDependents(catalog, ids, true)),
    left: invalid.map((fact) => `${kinds.get(fact.kind)?.reference(fact)}: it is invalid`),
  };
}

const isInvalid = (fact: Fact) =>
  fact.payload.valid === false &&
  fact.payload.partitioned !== true &&
  kinds.get(fact.kind)?.data?.copyRefusal?.(fact) != null;
