// What differs between two databases, found without any of pgmage's code: all rows of both sides as the
// server writes them.
import pg from 'pg';

/** Counts of what differs in one table. */
export interface OracleCounts {
  readonly missing: number;
  readonly changed: number;
  readonly extra: number;
}

/** A table, by the names of its columns. */
export interface OracleTable {
  /** Qualified and quoted. */
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
  /** Types of the target that columns of the source become, by their names. */
  readonly casts: ReadonlyMap<string, string>;
}

/**
 * The rows of tables, sorted by their bytes; each is its values as JSON, the key's first.
 * @param isSource whether values are those that the target's types make of them
 */
export async function readRows(
  url: string,
  tables: readonly OracleTable[],
  isSource: boolean,
): Promise<string[][]> {
  // As the server writes them: no value goes through a type of the driver.
  const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  const client = new pg.Client({ connectionString: url, types });
  await client.connect();
  try {
    const found: string[][] = [];
    for (const { name, key, columns, casts } of tables) {
      const rest = columns.filter((one) => !key.includes(one));
      const cast = (one: string) => (isSource && casts.has(one) ? `${one}::${casts.get(one)}` : one);
      const text = `select ${[...key, ...rest].map(cast).join(', ')} from ${name}`;
      const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
      found.push(rows.map((row) => JSON.stringify([row.slice(0, key.length), row.slice(key.length)])).sort());
    }
    return found;
  } finally {
    await client.end();
  }
}

/** Compares the rows of one table. */
export function countDifferences(
  source: readonly string[],
  target: readonly string[],
  hasKey: boolean,
): OracleCounts {
  if (!hasKey) {
    const left = new Map<string, number>();
    for (const row of target) left.set(row, (left.get(row) ?? 0) + 1);
    let missing = 0;
    for (const row of source) {
      const count = left.get(row) ?? 0;
      if (count === 0) missing++;
      else left.set(row, count - 1);
    }
    return { missing, changed: 0, extra: [...left.values()].reduce((sum, count) => sum + count, 0) };
  }
  const split = (rows: readonly string[]) =>
    new Map(
      rows.map((row) => {
        const [key, rest] = JSON.parse(row) as [unknown, unknown];
        return [JSON.stringify(key), JSON.stringify(rest)];
      }),
    );
  const [here, there] = [split(source), split(target)];
  const keys = [...here.keys()];
  return {
    missing: keys.filter((key) => !there.has(key)).length,
    changed: keys.filter((key) => there.has(key) && there.get(key) !== here.get(key)).length,
    extra: [...there.keys()].filter((key) => !here.has(key)).length,
  };
}
