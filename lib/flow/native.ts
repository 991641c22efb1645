// pgmage's own dump format: a catalog as JSON and rows as COPY gives them, in frames, compressed by gzip.

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { extensionId, tableId } from '../kinds/named-objects.ts';
import { type Catalog, type Need, withRelations } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { whileReading as readingFile } from '../problem/file.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { compress } from './compression.ts';
import { type Output, type WrittenDump, writeAll } from './dump.ts';
import { describeLargeObjects, largeObjectSteps } from './large-objects.ts';
import { readSequences, type SequenceValue } from './sequences.ts';
import { buildCopyOut, listTables, type TableRows } from './tables.ts';

/**
 * The frames of a file: the head, a table, a step of the large objects, rows of the last one, their end, and
 * the end of the file. Each is one letter, four bytes of length, and that many bytes.
 */
type Letter = 'H' | 'T' | 'L' | 'D' | 'E' | 'Z';

const [letterLength, headLength] = [1, 5];

type OnTableWritten = (table: TableRows, bytes: number) => void;

/** The content of the last frame. */
export interface Closing {
  /** Read after all rows, so that every number in them has been given out. */
  readonly standings: readonly SequenceValue[];
  /** Statements of the large objects: owners and privileges, and comments. */
  readonly said: { readonly all: readonly string[]; readonly comments: readonly string[] };
}

/** Something with rows, as it comes. */
export type NativeEntry =
  | { readonly is: 'table'; readonly table: TableRows; readonly rows: AsyncIterable<Uint8Array> }
  | { readonly is: 'part'; readonly index: number; readonly rows: AsyncIterable<Uint8Array> }
  | { readonly is: 'closing'; readonly closing: Closing };

/** The content of a native dump. */
export interface NativeDump {
  /** The schema of the file; its tables are those whose rows are written. */
  readonly catalog: Catalog;
  readonly signal: AbortSignal;
  /** Called as bytes of a table pass. */
  readonly told: OnTableWritten;
}

/**
 * Writes the data that the connection's transaction sees.
 * @throws Problem `unwritable_file`; of the connection
 */
export async function writeNative(
  connection: ServerConnection,
  to: Output,
  dump: NativeDump,
): Promise<WrittenDump> {
  try {
    // The fastest: the servers are what takes long.
    return await writeAll(to, compress(frames(connection, dump), { level: 1 }));
  } catch (thrown) {
    throw toProblem(thrown);
  }
}

async function* frames(
  connection: ServerConnection,
  { catalog, signal, told }: NativeDump,
): AsyncGenerator<Buffer> {
  const rows = async function* (pieces: AsyncIterable<Uint8Array>, table?: TableRows) {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      if (table !== undefined) told(table, piece.length);
      yield head('D', piece.length);
      yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    }
    yield head('E', 0);
  };
  yield json('H', { version: 1, catalog: plain(catalog) });
  for (const table of await listTables(connection)) {
    const { extension, name } = table;
    const made = extension === null ? tableId(name) : extensionId(extension);
    if (!catalog.facts.has(made))
      throw new Problem('internal', { reason: `${name} has rows but is not in the catalog` });
    yield json('T', table);
    yield* rows(connection.copyOut(buildCopyOut(table)), table);
  }
  for (const [index, { query }] of largeObjectSteps.entries()) {
    yield json('L', { index });
    yield* rows(connection.copyOut(query));
  }
  const said = {
    all: await describeLargeObjects(connection, true),
    comments: await describeLargeObjects(connection, false),
  };
  const closing: Closing = { standings: await readSequences(connection), said };
  yield json('Z', closing);
}

function head(letter: Letter, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(headLength);
  bytes.write(letter, 'latin1');
  bytes.writeUInt32BE(length, letterLength);
  return bytes;
}

function json(letter: Letter, value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  return Buffer.concat([head(letter, text.length), text]);
}

/**
 * Reads a dump from its beginning to its end.
 * @param begun is given the catalog before anything else comes
 * @param take is given each entry; its rows are to be read before the next one comes
 * @throws Problem `backup_damaged` where it ends early or is not of this format; of `begun` and `take`
 */
export async function readNative(
  path: string,
  begun: (catalog: Catalog) => Promise<void>,
  take: (entry: NativeEntry) => Promise<void>,
): Promise<void> {
  const name = path.replace(/^.*[\\/]/, '');
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const unzipped = file.pipe(createGunzip());
  file.on('error', (error) => unzipped.destroy(error));
  const source = new Frames(unzipped as AsyncIterable<Buffer>, name);
  try {
    const first = await source.next('H');
    const { catalog } = JSON.parse(first.body.toString()) as { catalog: Plain };
    await begun(revived(catalog));
    for (;;) {
      const { letter, body } = await source.next('T', 'L', 'Z');
      const value = JSON.parse(body.toString());
      if (letter === 'T') await take({ is: 'table', table: value as TableRows, rows: source.rows() });
      else if (letter === 'L') await take({ is: 'part', index: value.index as number, rows: source.rows() });
      else {
        await take({ is: 'closing', closing: value as Closing });
        return await source.end();
      }
    }
  } finally {
    file.destroy();
    unzipped.destroy();
  }
}

class Frames {
  readonly #source: AsyncIterator<Buffer>;
  readonly #name: string;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>, name: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#name = name;
  }

  async next(...wanted: readonly Letter[]): Promise<{ letter: Letter; body: Buffer }> {
    const start = await this.#take(headLength);
    const letter = start.toString('latin1', 0, letterLength) as Letter;
    if (!wanted.includes(letter)) throw this.#damaged('it contains unexpected data');
    return { letter, body: await this.#take(start.readUInt32BE(letterLength)) };
  }

  async *rows(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { letter, body } = await this.next('D', 'E');
      if (letter === 'E') return;
      yield body;
    }
  }

  /** Nothing comes any more. Only then has the checksum of gzip been compared. */
  async end(): Promise<void> {
    if (this.#held.length > 0 || (await this.#more())) throw this.#damaged('it has data after its end');
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#held.length < length) if (!(await this.#more())) throw this.#damaged('it is truncated');
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next().catch((thrown: Error) => {
      throw this.#damaged(thrown.message);
    });
    if (done) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }

  #damaged(fault: string): Problem {
    return new Problem('backup_damaged', { file: this.#name, faults: [fault] });
  }
}

/** Reads and unpacks a dump to its end. @throws Problem `backup_damaged` */
export function readNativeWhole(path: string, signal?: AbortSignal): Promise<void> {
  return readingFile(path, () =>
    readNative(
      path,
      async () => undefined,
      async (entry) => {
        if (entry.is !== 'closing') for await (const _ of entry.rows) signal?.throwIfAborted();
      },
    ),
  );
}

/** A catalog as JSON can hold it. */
interface Plain {
  readonly major: number;
  readonly role: string | null;
  readonly unmanaged: readonly string[];
  readonly facts: readonly Fact[];
  readonly needs: readonly (readonly [string, readonly (readonly [string, Need])[]])[];
  readonly dies: readonly (readonly [string, readonly string[]])[];
  readonly links: readonly (readonly [string, string])[];
}

function plain(catalog: Catalog): Plain {
  const { major, role, unmanaged, facts, needs, dies, links } = catalog;
  return {
    major,
    role,
    unmanaged,
    facts: [...facts.values()],
    needs: [...needs].map(([id, others]) => [id, [...others]]),
    dies: [...dies].map(([id, others]) => [id, [...others]]),
    links: [...links],
  };
}

function revived({ facts, needs, dies, links, ...rest }: Plain): Catalog {
  return withRelations(rest, new Map(facts.map((fact) => [fact.id, fact])), () => ({
    needs: new Map(needs.map(([id, others]) => [id, new Map(others)])),
    dies: new Map(dies.map(([id, others]) => [id, new Set(others)])),
    links: new Map(links),
  }));
}
