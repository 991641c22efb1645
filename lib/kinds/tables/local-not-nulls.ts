// NOT NULL that a partition has of its own besides its parent's: to be attached makes it the parent's alone.
import { type Fact, ownName } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';

type Facts = ReadonlyMap<string, Fact>;

const byTable = new WeakMap<Facts, ReadonlyMap<string, readonly Fact[]>>();

/**
 * Statements that make them the partition's own again, once it is attached (source: ATExecSetNotNull in
 * tablecmds.c, since 18).
 */
export function restoreLocal(table: readonly string[], { after: { facts }, major }: Scope): string[] {
  if (major < 18) return [];
  let index = byTable.get(facts);
  if (index === undefined) {
    index = indexed(facts);
    byTable.set(facts, index);
  }
  const name = qualify(table);
  return (index.get(name) ?? []).map(
    ({ path }) => `ALTER TABLE ${name} ALTER COLUMN ${quote(ownName(path))} SET NOT NULL`,
  );
}

function indexed(facts: Facts): Map<string, Fact[]> {
  const index = new Map<string, Fact[]>();
  for (const fact of facts.values()) {
    if (fact.kind !== 'not null' || !fact.outlives || fact.payload.validated !== true) continue;
    const name = qualify(fact.path.slice(0, 2));
    index.set(name, [...(index.get(name) ?? []), fact]);
  }
  return index;
}
