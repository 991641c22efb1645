// The rows that a run has changed, by key: read from its undo file, which has what was committed.
import { appendFile } from 'node:fs/promises';
import { whileWriting } from '../problem/file.ts';
import { decodeField, splitShortened } from './copy-lines.ts';
import type { Spool } from './spool.ts';
import { readUndo, type UndoRows, type UndoTable } from './undo-file.ts';

/** One changed row. */
export interface AuditedRow {
  /** Qualified and quoted, of the target. */
  readonly table: string;
  readonly kind: 'inserted' | 'updated' | 'deleted';
  /** The values of the key; empty: the table has none. */
  readonly key: Readonly<Record<string, string | null>>;
  /** The number of equal rows, if there is no key. */
  readonly copies: number;
}

/**
 * Lists the rows of an undo file, in the order of its tables.
 * @param bytes its length at the last commit; null: all of it
 * @throws Problem `missing_file`, `undo_damaged`
 */
export async function* readAuditedRows(
  file: string,
  open: () => Promise<Spool>,
  bytes: number | null,
): AsyncGenerator<AuditedRow, void, undefined> {
  for (const rows of await readUndo(file, open, bytes)) {
    yield* rowsOf(rows, 'fresh');
    yield* rowsOf(rows, 'gone');
  }
}

// Characters of a value in a row's key.
const shown = 8_000;

async function* rowsOf(rows: UndoRows, part: 'fresh' | 'gone'): AsyncGenerator<AuditedRow, void, undefined> {
  for await (const lines of splitShortened(rows[part].read(), shown))
    for (const line of lines) yield part === 'fresh' ? replaced(rows.table, line) : added(rows.table, line);
}

// The old values of a row, then the hash of the new ones, null where the row was deleted.
function replaced({ name, key, columns, packed = [] }: UndoTable, line: string): AuditedRow {
  const fields = line.split('\t');
  const names = columns.map((one) => one.name).filter((one) => !packed.includes(one));
  const at = (column: string) => fields[names.indexOf(column)] ?? '';
  return {
    table: name,
    kind: fields.at(-1) === '\\N' ? 'deleted' : 'updated',
    key: Object.fromEntries(key.map((column) => [column, decodeField(at(column))])),
    copies: 1,
  };
}

// The key and the hash; without a key the hash and the number of rows.
function added({ name, key }: UndoTable, line: string): AuditedRow {
  const fields = line.split('\t');
  return {
    table: name,
    kind: 'inserted',
    key: Object.fromEntries(key.map((column, at) => [column, decodeField(fields[at] ?? '')])),
    copies: key.length > 0 ? 1 : Number(fields[1]),
  };
}

// Rows that are written at once.
const portion = 1_000;

/**
 * Appends rows to files, each as a line of JSON. The files are for their owner alone.
 * @param facts that each line begins with
 * @throws Problem `unwritable_file`; of the rows
 */
export async function appendRows(
  files: readonly string[],
  facts: object,
  rows: AsyncIterable<AuditedRow>,
): Promise<void> {
  let lines: string[] = [];
  const flush = async () => {
    for (const file of files)
      await whileWriting(file, () => appendFile(file, lines.join(''), { mode: 0o600 }));
    lines = [];
  };
  for await (const row of rows)
    if (lines.push(`${JSON.stringify({ ...facts, ...row })}\n`) === portion) await flush();
  if (lines.length > 0) await flush();
}
