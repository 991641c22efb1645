// A change of type resets a column's storage and compression to the new type's default, here and in all
// heirs.
import type { Fact, PartPath } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { type ColumnFact, columnSettings } from './column-commands.ts';

type Facts = ReadonlyMap<string, Fact>;

const byOrigin = new WeakMap<Facts, ReadonlyMap<string, readonly ColumnFact[]>>();

/** The commands that restore the settings of a column and its heirs after a change of type. */
export function restoreSettings(to: ColumnFact, { before, after, makes }: Scope): string[] {
  // Later heirs inherit them, and so do replaced ones.
  const heirs = heirsOf(to.id, after.facts).filter(
    ({ id }) => before.facts.get(id)?.origins.length && !makes(id),
  );
  return [to, ...heirs].flatMap((column) => [
    ...(column.payload.customStorage ? [columnSettings.storage(column)] : []),
    ...(column.payload.compression === null ? [] : [columnSettings.compression(column)]),
  ]);
}

function heirsOf(id: string, facts: Facts): ColumnFact[] {
  const heirs = indexed(facts).get(id) ?? [];
  return heirs.flatMap((heir) => [heir, ...heirsOf(heir.id, facts)]);
}

function indexed(facts: Facts): ReadonlyMap<string, readonly ColumnFact[]> {
  const known = byOrigin.get(facts);
  if (known !== undefined) return known;
  const index = new Map<string, ColumnFact[]>();
  for (const fact of facts.values() as Iterable<Fact<unknown, PartPath>>)
    if (fact.kind === 'column')
      for (const origin of fact.origins)
        index.set(origin, [...(index.get(origin) ?? []), fact as ColumnFact]);
  byOrigin.set(facts, index);
  return index;
}
