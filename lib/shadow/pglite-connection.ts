// PGlite as a Connection: the same values and the same Problems as a server gives through `pg/`.
import type { PGlite } from '@electric-sql/pglite';
import type { Connection } from '../pg/connection.ts';
import { isServerError, type ServerError, toServerProblem } from '../pg/server-problem.ts';
import { Problem } from '../problem/problem.ts';

// Object identifiers of types (pg_type.dat) that PGlite makes objects of where `pg/` leaves the server's
// text.
const text = (value: string) => value;
const parsers = Object.fromEntries([17, 20, 1082, 1083, 1114, 1184].map((oid) => [oid, text]));

/**
 * Each error leaves 816 bytes on PGlite's stack (0.5.8: `execProtocolRawSync` catches the long jump and does
 * not restore the stack pointer), so some 2,600 failed statements exceed `max_stack_depth`. Between two calls
 * nothing is on the stack.
 */
function stackRewinder(db: PGlite): () => void {
  const { ___stack_pointer: pointer } = db.Module as { readonly ___stack_pointer?: { value: number } };
  if (pointer === undefined) return () => undefined;
  const { value } = pointer;
  return () => {
    pointer.value = value;
  };
}

const elsewhere = 'Use the native shadow (--shadow native), or name a server for the shadow: --shadow URL.';

// Statements that PostgreSQL in WebAssembly refuses and servers run.
const limits: readonly (readonly [message: RegExp, hint: string])[] = [
  // It passes values of up to 4 bytes by value, servers up to 8 (source: TypeCreate in pg_type.c).
  [
    /^internal size 8 is invalid for passed-by-value type/,
    `The embedded PostgreSQL has 32 bits and cannot create this type. ${elsewhere}`,
  ],
  // It has the files of libraries that were not built for it, such as that of the snowball dictionaries.
  [
    /^(?:incompatible|could not load) library "/,
    `The embedded PostgreSQL cannot load this library, which servers load. ${elsewhere}`,
  ],
];

function explained(error: ServerError): ServerError {
  const hint = limits.find(([message]) => message.test(error.message))?.[1];
  return hint === undefined ? error : Object.assign(error, { hint });
}

/** Wraps an open PGlite. */
export function wrapPglite(db: PGlite, description: string, major: number): Connection {
  const rewind = stackRewinder(db);
  const guard = async <T>(sql: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (thrown) {
      if (isServerError(thrown)) throw toServerProblem(explained(thrown), { sql });
      // WebAssembly ran out of memory or into a trap.
      throw new Problem('shadow_failed', { reason: String(thrown).slice(0, 500) });
    } finally {
      rewind();
    }
  };
  const prepared = new PreparedQueries(db, guard);
  return {
    description,
    major,
    rows: <Row>(sql: string, parameters?: readonly unknown[]) =>
      guard(sql, async () => (await db.query<Row>(sql, [...(parameters ?? [])], { parsers })).rows),
    batch: async (queries) => {
      if (queries.length === 0) return [];
      const sql = queries.join('\n;\n');
      const results = await guard(sql, () => db.exec(sql, { parsers }));
      return results.map(({ rows }) => rows);
    },
    async stream(queries, take) {
      const results = await this.batch(await prepared.calls(queries));
      results.forEach(([row], index) => {
        take(Object.values(row as object)[0], index);
      });
    },
    execute: (sql) => guard(sql, async () => void (await db.exec(sql))),
    close: () => db.close(),
  };
}

type Guard = <T>(sql: string, run: () => Promise<T>) => Promise<T>;

// To plan what reads the catalogs takes far longer than to run it, and a shadow is read many times.
class PreparedQueries {
  readonly #db: PGlite;
  readonly #guard: Guard;
  readonly #names = new Map<string, string>();

  constructor(db: PGlite, guard: Guard) {
    this.#db = db;
    this.#guard = guard;
  }

  /** Prepares queries that are not yet, and gives the statements that run them. */
  async calls(queries: readonly string[]): Promise<string[]> {
    // A schema's own DEALLOCATE ALL takes these along.
    const known = await this.#guard('', () =>
      this.#db.query<{ name: string }>('select name from pg_prepared_statements'),
    );
    const there = new Set(known.rows.map(({ name }) => name));
    const calls: string[] = [];
    for (const sql of queries) {
      const name = this.#names.get(sql) ?? `pgmage_${this.#names.size}`;
      this.#names.set(sql, name);
      if (!there.has(name)) calls.push(`prepare ${name} as ${sql}`);
      there.add(name);
    }
    if (calls.length > 0)
      await this.#guard(calls.join(), async () => void (await this.#db.exec(calls.join('\n;\n'))));
    return queries.map((sql) => `execute ${this.#names.get(sql)}`);
  }
}
