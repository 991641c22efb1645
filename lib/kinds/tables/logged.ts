// SET LOGGED and SET UNLOGGED, in the order that foreign keys leave: no logged table may refer to an unlogged
// one.
import type { Catalog } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';

interface Persistent {
  readonly unlogged: boolean;
  readonly partitionKey: string | null;
}

type Table = Fact<Persistent>;

/**
 * The commands for a table, after those for the tables that must change the same way before. Tables are
 * altered in the order of their ids, so that none is altered twice.
 */
export function alterLogging(to: Table, { before, after }: Scope): Statement[] {
  const pairs = referencesIn(before).filter(({ key }) => after.facts.has(key));
  const changing = (id: string): Table | undefined => {
    const [old, now] = [before.facts.get(id), after.facts.get(id)] as unknown as (Table | undefined)[];
    const keeps = [old, now].every((table) => table?.payload.partitionKey === null);
    return keeps &&
      old?.payload.unlogged === !to.payload.unlogged &&
      now?.payload.unlogged === to.payload.unlogged
      ? now
      : undefined;
  };
  const done = new Set<string>();
  const visit = (id: string): Table[] => {
    const table = done.has(id) ? undefined : changing(id);
    if (table === undefined) return [];
    done.add(id);
    const first = pairs.flatMap(({ from, target }) => {
      const [mine, other] = to.payload.unlogged ? [target, from] : [from, target];
      return mine === id ? visit(other) : [];
    });
    return [...first, table];
  };
  const ends = pairs.flatMap(({ from, target }) => [from, target]);
  for (const id of [...new Set(ends)].sort()) if (id < to.id) visit(id);
  return visit(to.id).map((table) => ({
    sql: `ALTER TABLE ${qualify(table.path)} SET ${to.payload.unlogged ? 'UNLOGGED' : 'LOGGED'}`,
    hazards: ['rewrites_table'],
    lock: 'ACCESS EXCLUSIVE',
  }));
}

// Each foreign key with the table that has it and the one that it refers to.
function referencesIn({ facts, needs }: Catalog): { key: string; from: string; target: string }[] {
  return [...facts.values()].flatMap(({ id, kind, parent: from }) => {
    if (kind !== 'foreign key' || from === null) return [];
    const targets = [...(needs.get(id)?.keys() ?? [])].map((needed) => facts.get(needed)?.parent);
    const target = targets.find((other) => other != null && other !== from);
    return target == null ? [] : [{ key: id, from, target }];
  });
}
