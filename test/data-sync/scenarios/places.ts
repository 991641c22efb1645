// Where the rows of generated tables are: a row that a sync leaves as it is keeps its place and its xmin.
import { rowsOf } from '../../servers/databases.ts';
import { oracleTable } from './campaign.ts';
import type { ModelTable, Scenario } from './model.ts';
import { commonNames, nameOf } from './rendering.ts';

/** Places by the text of a row. */
export type Places = ReadonlyMap<string, readonly string[]>;

/** Reads the places of all rows of a table, each with its xmin. */
export async function readPlaces(url: string, scenario: Scenario, table: ModelTable): Promise<Places> {
  const { key } = oracleTable(scenario, table);
  const names = [...key, ...commonNames(table).filter((one) => !key.includes(one))];
  const rows = await rowsOf<{ row: string; place: string }>(
    url,
    `select array[${names.map((name) => `${name}::text`).join(',')}]::text[]::text as row,
       concat(tableoid, ' ', ctid, ' ', xmin) as place from ${nameOf(scenario, table)}`,
  );
  const places = new Map<string, string[]>();
  for (const { row, place } of rows) places.set(row, [...(places.get(row) ?? []), place]);
  return places;
}

/** How many rows that are there before and after have another place or another xmin. */
export function countMoved(before: Places, after: Places): number {
  let moved = 0;
  for (const [row, places] of before) {
    const now = after.get(row) ?? [];
    const kept = places.filter((place) => now.includes(place)).length;
    moved += Math.max(0, Math.min(places.length, now.length) - kept);
  }
  return moved;
}
