// Checks of mappings before rows are compared: each old and each new id is there once.
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import type { TablePair } from './shape.ts';

/**
 * Checks the mappings of pairs.
 * @param target a session on the target
 * @throws Problem `ambiguous_ids`; of the connection
 */
export async function checkIds(target: ServerConnection, pairs: readonly TablePair[]): Promise<void> {
  for (const { ids, to } of pairs)
    for (const { what, sql } of ids?.checks ?? []) {
      const [twice] = await target.rows<{ value: string }>(sql);
      if (twice !== undefined)
        throw new Problem('ambiguous_ids', {
          table: to.table.name,
          mapping: ids?.mapping?.name ?? '',
          column: what,
          value: twice.value,
        });
    }
}

/** The ids of the target's rows that have no old id: the first thousand. @throws Problem of the connection */
export async function listUnmapped(target: ServerConnection, { ids }: TablePair): Promise<readonly string[]> {
  if (ids === null) return [];
  const found = await target.rows<{ id: string }>(ids.unmappedIds);
  return found.map(({ id }) => id);
}

/** Counts the rows of the target that have no old id; they are never compared or deleted. */
export async function countUnmapped(target: ServerConnection, { ids }: TablePair): Promise<number> {
  if (ids === null) return 0;
  const [found] = await target.rows<{ rows: string }>(ids.unmapped);
  return Number(found?.rows);
}
