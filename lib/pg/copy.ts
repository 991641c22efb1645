// COPY (manual: "COPY Operations" of the protocol): rows as a stream, taken and given no faster than both
// ends can.
import type { Duplex } from 'node:stream';
import type { Client, Submittable } from 'pg';
import { simpleQuery } from './messages.ts';
import type { ServerWait, Watch } from './watch.ts';

/** Parts that the driver's types omit. */
interface Wire extends NodeJS.EventEmitter {
  readonly stream: Duplex;
  query(sql: string): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
}

/** A driver session, with a function for its errors. */
export interface Channel {
  readonly client: Client;
  /** Notices while its server is waited for that the network has gone silent. */
  readonly watch: Watch;
  problem(thrown: unknown): unknown;
  close(): Promise<void>;
}

const wireOf = ({ client }: Channel) => (client as unknown as { connection: Wire }).connection;

// The number of bytes that are read ahead of the consumer.
const enough = 1 << 20;

// A statement; as bytes it is in the session's encoding.
type Sql = string | Uint8Array;

// The methods of a query that the driver calls while it runs.
class Copy implements Submittable {
  readonly #sql: Sql;
  readonly #done: (thrown?: unknown) => void;
  readonly #give: (wire: Wire) => void;
  rows = 0;

  constructor(sql: Sql, done: (thrown?: unknown) => void, give: (wire: Wire) => void = () => undefined) {
    this.#sql = sql;
    this.#done = done;
    this.#give = give;
  }

  submit(connection: unknown): void {
    const wire = connection as Wire;
    if (typeof this.#sql === 'string') wire.query(this.#sql);
    else wire.stream.write(simpleQuery(this.#sql));
  }
  handleError(thrown: unknown): void {
    this.#done(thrown);
  }
  handleReadyForQuery(): void {
    this.#done();
  }
  handleCommandComplete({ text }: { text: string }): void {
    this.rows = Number(/\d+$/.exec(text)?.[0] ?? 0);
  }
  handleCopyInResponse(connection: unknown): void {
    this.#give(connection as Wire);
  }
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
}

/**
 * Runs `COPY … TO STDOUT`. The session can do nothing else until all of it is read, and is closed where it is
 * not.
 * @throws Problem of the statement, of the connection
 */
export async function* copyOut(of: Channel, sql: string): AsyncGenerator<Uint8Array, void, undefined> {
  const rows = new RowReader(of, sql);
  try {
    for (;;) {
      const piece = rows.shift();
      if (piece !== undefined) {
        yield piece;
        rows.free(piece);
      } else if (rows.failure !== undefined) throw of.problem(rows.failure.thrown);
      else if (rows.isOver) return;
      else await of.watch.during(rows.wake());
    }
  } finally {
    rows.release();
    if (!rows.isOver) await of.close();
  }
}

// The driver makes an object of every row; here the rows go past it, and it sees the rest.
class RowReader {
  readonly #stream: Wire['stream'];
  readonly #driver: ((chunk: Buffer) => void)[];
  readonly #sieve = new Sieve();
  readonly #pieces: Buffer[] = [];
  #held = 0;
  #wake: () => void = () => undefined;
  isOver = false;
  failure: { readonly thrown: unknown } | undefined;

  constructor(of: Channel, sql: string) {
    this.#stream = wireOf(of).stream;
    this.#driver = this.#stream.listeners('data') as ((chunk: Buffer) => void)[];
    this.#stream.removeAllListeners('data');
    this.#stream.on('data', this.#take);
    of.client.query(new Copy(sql, (thrown?: unknown) => this.#end(thrown)));
  }

  /** The next piece, if one is there. It counts as held until it is freed. */
  shift(): Buffer | undefined {
    return this.#pieces.shift();
  }

  /** Makes room for more, once a piece was consumed. */
  free({ length }: Buffer): void {
    this.#held -= length;
    if (this.#held <= enough && this.#stream.isPaused()) this.#stream.resume();
  }

  /** Waits for the next change. */
  wake(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Gives the stream back to the driver. */
  release(): void {
    this.#stream.off('data', this.#take);
    for (const listener of this.#driver) this.#stream.on('data', listener);
    this.#hand(this.#sieve.rest);
    if (this.isOver) this.#stream.resume();
  }

  #take = (chunk: Buffer): void => {
    const rows = this.#sieve.take(chunk, (message) => this.#hand(message));
    if (rows.length > 0) {
      this.#pieces.push(rows);
      this.#held += rows.length;
      if (this.#held > enough) this.#stream.pause();
    }
    this.#wake();
  };

  #hand(message: Buffer): void {
    for (const listener of this.#driver) listener.call(this.#stream, message);
  }

  #end(thrown: unknown): void {
    if (thrown !== undefined) this.failure ??= { thrown };
    this.isOver = true;
    this.#wake();
  }
}

/**
 * Runs `COPY … FROM STDIN`. The server gets the end only if `pieces` are complete; if they fail, the COPY
 * fails.
 * @returns the number of rows
 * @throws Problem of the statement and the connection; any error of `pieces`
 */
export async function copyIn(of: Channel, sql: Sql, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let failure: { readonly thrown: unknown } | undefined;
  let refused = false;
  // The server is waited for from here to the end, but for the time that the pieces take.
  const wait = of.watch.begin();
  const give = async (wire: Wire) => {
    const { stream } = wire;
    try {
      for await (const piece of apart(wait, pieces)) {
        if (refused || stream.destroyed) return;
        // As one packet.
        stream.cork();
        stream.write(header(piece.length));
        const hasRoom = stream.write(piece);
        stream.uncork();
        // The end of the session also wakes a writer that waits for space.
        if (!hasRoom) await roomIn(stream);
      }
      wire.endCopyFrom();
    } catch (thrown) {
      if (refused) return;
      failure = { thrown };
      wire.sendCopyFail('the rows are incomplete');
    }
  };
  return new Promise((resolve, reject) => {
    const done = (thrown?: unknown) => {
      refused = true;
      wait.end();
      if (failure !== undefined) reject(failure.thrown);
      else if (thrown === undefined) resolve(copy.rows);
      else reject(of.problem(thrown));
    };
    const copy = new Copy(sql, done, (wire) => void give(wire));
    of.client.query(copy);
  });
}

async function* apart(wait: ServerWait, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    for (;;) {
      wait.rest();
      const { done, value } = await iterator.next().finally(wait.go);
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

function roomIn(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

const [copyData, type, prefix] = [0x64, 1, 5];

function header(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(prefix);
  bytes[0] = copyData;
  bytes.writeUInt32BE(length + prefix - type, type);
  return bytes;
}

/** Separates the data of a COPY from all other messages, which are passed on whole. */
class Sieve {
  // The received part of another message, or of a message header.
  rest: Buffer = Buffer.alloc(0);
  // The number of bytes of the current message that are still missing.
  #left = 0;

  /** The data in a chunk, in the chunk's own memory. */
  take(chunk: Buffer, hand: (message: Buffer) => void): Buffer {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    this.rest = Buffer.alloc(0);
    const others: Buffer[] = [];
    let end = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, bytes.length - at);
        bytes.copyWithin(end, at, at + part);
        end += part;
        at += part;
        this.#left -= part;
        continue;
      }
      const length =
        bytes.length - at < prefix ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(at + type) + type;
      if (bytes[at] === copyData && length < Number.POSITIVE_INFINITY) {
        this.#left = length - prefix;
        at += prefix;
      } else if (length > bytes.length - at) {
        this.rest = Buffer.from(bytes.subarray(at));
        break;
      } else {
        // Copied, for the data that follows moves over it.
        others.push(Buffer.from(bytes.subarray(at, at + length)));
        at += length;
      }
    }
    for (const message of others) hand(message);
    return bytes.subarray(0, end);
  }
}
