// Reads the rows that differ by their places, which the snapshot keeps as they are: into spools that a target
// can load.
import type { ServerConnection } from '../pg/connection.ts';
import { buildWhere, type Side } from './buckets.ts';
import type { ComparedTable } from './compare-tables.ts';
import { encodeLine, exchangeEnds, splitLines } from './copy-lines.ts';
import { parseDifference } from './merge-buckets.ts';
import { packValues } from './packed-columns.ts';
import type { RowDifference, TablePair } from './shape.ts';
import type { Spool } from './spool.ts';

/** The rows of one table that a target needs to become equal, in COPY's text format. */
export interface RowSpools {
  /**
   * Missing and changed rows: the values of the pair's columns, then the target's row hash, null for a
   * missing one.
   */
  readonly fresh: Spool;
  /**
   * Extra rows: the values of the key, then the row hash; without a key the row hash and the number of rows,
   * both of the target.
   */
  readonly gone: Spool;
}

// The number of rows that one query reads.
const portion = 5_000;

/** The differences of a table, as the second pass found them. */
export async function* readDifferences({
  spool,
}: Pick<ComparedTable, 'spool'>): AsyncGenerator<RowDifference> {
  if (spool === null) return;
  for await (const lines of splitLines(spool.read())) for (const line of lines) yield parseDifference(line);
}

/**
 * Reads the source's rows that are missing or changed, and lists the extra ones. The caller closes both
 * spools.
 * @param source a session that sees the state in which the differences were found
 * @throws Problem `unwritable_file`; of the connection
 */
export async function fetchRows(
  source: ServerConnection,
  table: Pick<ComparedTable, 'pair' | 'spool'>,
  open: () => Promise<Spool>,
): Promise<RowSpools> {
  const [fresh, gone] = [await open(), await open()];
  const { pair } = table;
  let waiting: RowDifference[] = [];
  const flush = async () => {
    const old = waiting.map((one) => `\t${one.old ?? '\\N'}`);
    const rows = source.copyOut(placesQuery(pair, 'from', waiting));
    for await (const piece of exchangeEnds(rows, (at) => old[Number(at) - 1] as string))
      await fresh.write(piece);
    waiting = [];
  };
  for await (const one of readDifferences(table)) {
    if (one.kind === 'extra') await gone.write(encodeLine(goneLine(pair, one)));
    else
      for (let copy = 0; copy < (one.kind === 'missing' ? one.copies : 1); copy++)
        if (waiting.push(one) === portion) await flush();
  }
  if (waiting.length > 0) await flush();
  return { fresh, gone };
}

function goneLine({ key }: TablePair, { key: values, old, copies }: RowDifference): string {
  return key.length > 0 ? `${values}\t${old}` : `${old}\t${copies}`;
}

/** COPY of the number of each difference, from 1, and the row's values on one side. */
function placesQuery(pair: TablePair, side: Side, differences: readonly RowDifference[]): string {
  const values = packValues(
    pair,
    pair.columns.map(({ value }) => value[side]),
  );
  return `copy (${buildPlacesQuery(pair, side, differences, values)}) to stdout`;
}

/**
 * A query for expressions over the rows of differences of one side, each with the number of its difference,
 * from 1.
 */
export function buildPlacesQuery(
  pair: TablePair,
  side: Side,
  differences: readonly RowDifference[],
  expressions: readonly string[],
): string {
  const places = differences.map((one) => one[side] ?? '');
  const [tables, rows] = [0, 1].map((part) =>
    places.map((place) => (place === '' ? 'null' : `"${place.split(' ')[part]}"`)).join(','),
  );
  // Expressions of the configuration name columns of the table without its alias.
  const [table, row, number] = ['pgmage_table', 'pgmage_row', 'pgmage_number'];
  return `select ${[`${number} as n`, ...expressions].join(', ')}
    from unnest('{${tables}}'::oid[], '{${rows}}'::tid[]) with ordinality places(${table}, ${row}, ${number}),
      ${pair[side].from}
    ${buildWhere(pair, side, `(t.ctid = ${row} and t.tableoid = ${table})`)}`;
}
