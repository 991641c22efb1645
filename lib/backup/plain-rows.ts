// The rows and large objects of a script.
import { writeInserts } from '../flow/insert-statements.ts';
import { describeLargeObjects, largeObjectScript } from '../flow/large-objects.ts';
import { buildCopyOut, type TableRows } from '../flow/tables.ts';
import { qualify } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';

/** The form of the rows. */
export interface RowForm {
  /** INSERT statements instead of COPY. */
  readonly inserts: boolean;
  readonly signal: AbortSignal;
  /** Called as bytes of a table pass. */
  told(table: TableRows, bytes: number): void;
}

// Tables with a column that a plain INSERT may not set (manual: CREATE TABLE, GENERATED ALWAYS AS IDENTITY).
const alwaysGenerated = `select pg_catalog.json_build_array(n.nspname, c.relname) as path
  from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where a.attidentity = 'a' and not a.attisdropped`;

/** Writes the rows of tables, one after the other. @throws Problem of the connection */
export async function* writeTables(
  connection: ServerConnection,
  tables: readonly TableRows[],
  { inserts, signal, told }: RowForm,
): AsyncGenerator<Buffer> {
  const found = inserts ? await connection.rows<{ path: [string, string] }>(alwaysGenerated) : [];
  const always = new Set(found.map(({ path }) => qualify(path)));
  for (const table of tables) {
    const { name, columns } = table;
    const list = columns.length === 0 ? '' : `(${columns.join(', ')}) `;
    const pieces = counted(connection.copyOut(buildCopyOut(table)), (bytes) => {
      signal.throwIfAborted();
      told(table, bytes);
    });
    if (inserts) {
      const into = `INSERT INTO ${name} ${list}${always.has(name) ? 'OVERRIDING SYSTEM VALUE ' : ''}`;
      yield* writeInserts(into, columns.length, pieces);
      yield Buffer.from('\n');
    } else {
      yield Buffer.from(`COPY ${name} ${list}FROM stdin;\n`);
      yield* pieces;
      yield Buffer.from('\\.\n\n');
    }
  }
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  told: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    told(piece.length);
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  }
}

/** Writes large objects. @param owners with their owners and privileges @throws Problem of the connection */
export async function* writeObjects(
  connection: ServerConnection,
  { owners, signal }: { readonly owners: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Buffer> {
  for (const query of largeObjectScript)
    yield* counted(connection.copyOut(query), () => signal.throwIfAborted());
  for (const sql of await describeLargeObjects(connection, owners)) yield Buffer.from(`${sql};\n`);
}
