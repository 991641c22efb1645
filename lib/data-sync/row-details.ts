// The values of rows that differ, for people: of changed rows only the columns that differ.
import type { ServerConnection } from '../pg/connection.ts';
import { outputText } from '../pg/values.ts';
import type { Side } from './buckets.ts';
import type { ComparedTable } from './compare-tables.ts';
import { decodeField } from './copy-lines.ts';
import { buildPlacesQuery, readDifferences } from './fetch-rows.ts';
import type { SessionPair } from './find.ts';
import type { ColumnPair, RowDifference, RowDifferenceKind, TablePair } from './shape.ts';

/** Values by column; null is null, and a long text is cut. */
export type ShownValues = Readonly<Record<string, string | null>>;

/** One row that differs, with its values. */
export interface RowDetail {
  /** The target's table. */
  readonly table: string;
  readonly kind: RowDifferenceKind;
  /** The values of the key; empty without one. */
  readonly key: ShownValues;
  /** In the target: of a changed row the columns that differ; null of a missing one. */
  readonly old: ShownValues | null;
  /** In the source; null of an extra one. */
  readonly new: ShownValues | null;
  /** The number of equal rows, if there is no key. */
  readonly copies: number;
}

// The number of rows read at once, and the number of characters shown of a value.
const [portion, shown] = [200, 2_000];

interface Values {
  readonly texts: readonly (string | null)[];
  readonly hashes: readonly (string | null)[];
}

/**
 * Reads the rows that differ in one table.
 * @param sessions that see the states in which the differences were found
 * @throws Problem of the connections
 */
export async function* readDetails(
  sessions: SessionPair,
  table: ComparedTable,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<RowDetail, void, undefined> {
  let waiting: RowDifference[] = [];
  let given = 0;
  for await (const one of readDifferences(table)) {
    waiting.push(one);
    given++;
    if (waiting.length === portion || given >= most) {
      yield* await detailed(sessions, table.pair, waiting);
      waiting = [];
    }
    if (given >= most) return;
  }
  if (waiting.length > 0) yield* await detailed(sessions, table.pair, waiting);
}

async function detailed(
  sessions: SessionPair,
  pair: TablePair,
  differences: readonly RowDifference[],
): Promise<RowDetail[]> {
  const [from, to] = await Promise.all(
    (['from', 'to'] as const).map((side) => valuesOf(sessions[side], pair, side, differences)),
  );
  return differences.map((one, at) => detailOf(pair, one, from?.get(at + 1), to?.get(at + 1)));
}

// Both as one value each: a query has at most 1,664 columns.
async function valuesOf(
  connection: ServerConnection,
  pair: TablePair,
  side: Side,
  differences: readonly RowDifference[],
): Promise<ReadonlyMap<number, Values>> {
  if (differences.every((one) => one[side] === null)) return new Map();
  const list = (of: readonly string[]) => `pg_catalog.to_json(array[${of.join(', ')}]::text[])`;
  const expressions = [
    `${list(pair.columns.map((column) => shownText(column, side)))} as texts`,
    `${list(pair.columns.map(({ hash }) => `hash_record_extended(row(${hash[side]}), 0)::text`))} as hashes`,
  ];
  const rows = await connection.rows<Values & { n: string }>(
    buildPlacesQuery(pair, side, differences, expressions),
  );
  return new Map(rows.map(({ n, ...values }) => [Number(n), values]));
}

// Of long values, the server writes the beginning alone.
function shownText({ type, value }: ColumnPair, side: Side): string {
  const isLong = /^(bytea|text|character varying)/.test(type) && !type.endsWith('[]');
  const part = isLong ? `pg_catalog.substr(${value[side]}, 1, ${shown + 1})` : value[side];
  return `pg_catalog.left(${outputText(part)}, ${shown + 1})`;
}

function detailOf(
  pair: TablePair,
  { kind, key, copies }: RowDifference,
  from: Values | undefined,
  to: Values | undefined,
): RowDetail {
  const differs = (at: number) => kind !== 'changed' || from?.hashes[at] !== to?.hashes[at];
  const names = pair.columns.map(({ name }) => name);
  const of = (values: Values | undefined): ShownValues | null =>
    values === undefined
      ? null
      : Object.fromEntries(
          names.flatMap((name, at) => (differs(at) ? [[name, cutValue(values.texts[at] ?? null)]] : [])),
        );
  return {
    table: pair.to.table.name,
    kind,
    key: keyValues(pair.key, key),
    old: kind === 'missing' ? null : of(to),
    new: kind === 'extra' ? null : of(from),
    copies,
  };
}

const cutValue = (text: string | null) =>
  text === null || text.length <= shown ? text : `${text.slice(0, shown)}…`;

function keyValues(key: readonly ColumnPair[], line: string): ShownValues {
  const fields = line.split('\t');
  return Object.fromEntries(key.map(({ name }, at) => [name, cutValue(decodeField(fields[at] ?? ''))]));
}
