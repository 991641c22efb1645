// Big tables in parts, so that several sessions can read one.
import type { Connection } from '../pg/connection.ts';
import type { TableRows } from './tables.ts';

// A smaller range gets no session of its own.
const least = 8 * 2 ** 20;
// Rows that are not worth being frozen, which takes new files.
const few = 2 ** 20;

/**
 * Splits large tables into ranges of row positions (manual: "TID Scan"), so that sessions share them; all
 * others stay whole. A range with `part` is written to a table that may already have rows. Biggest first. The
 * connection's transaction sees one state, in which rows do not move.
 * @param sessions the number of sessions
 * @throws Problem of the connection
 */
export async function splitTables(
  connection: Connection,
  tables: readonly TableRows[],
  sessions: number,
): Promise<TableRows[]> {
  const all = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const fair = Math.max(least, all / sessions / 2);
  const isBig = ({ bytes, extension, forced }: TableRows) =>
    sessions > 1 && extension === null && !forced && bytes > 1.5 * fair;
  const big = tables.filter(isBig);
  const found = (await connection.batch(
    big.map(
      ({ name }) =>
        `select (pg_relation_size('${name.replaceAll("'", "''")}'::regclass) /
          current_setting('block_size')::int)::int8::text as pages`,
    ),
  )) as readonly { pages: string }[][];
  const parts = big.flatMap((table, at) => {
    const pages = Number(found[at]?.[0]?.pages);
    const count = Math.min(Math.ceil(table.bytes / fair), Math.max(1, pages));
    const first = (part: number) => Math.floor((pages * part) / count);
    return Array.from({ length: count }, (_, part): TableRows => {
      const lower = part === 0 ? [] : [`ctid >= '(${first(part)},0)'`];
      // The last one has no end: pages may have come meanwhile.
      const upper = part === count - 1 ? [] : [`ctid < '(${first(part + 1)},0)'`];
      const limits = [...lower, ...upper];
      return {
        ...table,
        bytes: table.bytes / count,
        part: true,
        ...(limits.length > 0 && { condition: `where ${limits.join(' and ')}` }),
      };
    });
  });
  const whole = tables
    .filter((table) => !isBig(table))
    .map((table) => (table.extension !== null || table.bytes < few ? { ...table, part: true } : table));
  return [...parts, ...whole].sort((a, b) => b.bytes - a.bytes);
}
