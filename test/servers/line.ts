// A line to a server that can be cut, or frozen for some time: bytes wait on the way and pass afterwards.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** The line. */
export interface Line {
  readonly port: number;
  /** Resets all connections, and refuses new ones until it is mended. */
  cut(): void;
  /** Lets no byte pass any more. Connections stay open, and new ones are accepted. */
  freeze(): void;
  /** Freezes as soon as so many more bytes have passed. @returns the moment when it has */
  freezeAfter(bytes: number): Promise<void>;
  /** Ends a cut or a freeze. */
  mend(): void;
  /** The number of connections that are open. */
  count(): number;
  close(): void;
}

/** Opens a line to a port of loopback. */
export async function openLine(to: number): Promise<Line> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'cut' | 'frozen' = 'open';
  let left = Number.POSITIVE_INFINITY;
  let reached = () => {};
  const freeze = () => {
    state = 'frozen';
    each((socket) => socket.pause());
  };
  const pass = (piece: Buffer, other: Socket) => {
    other.write(piece);
    left -= piece.length;
    if (left > 0) return;
    left = Number.POSITIVE_INFINITY;
    freeze();
    reached();
  };
  const listener = createServer((client) => {
    if (state === 'cut') return void client.resetAndDestroy();
    const server = createConnection(to, '127.0.0.1');
    const pair = [client, server] as const;
    pairs.add(pair);
    for (const [from, other] of [pair, [server, client] as const]) {
      from.setNoDelay();
      from
        .on('error', () => undefined)
        .on('data', (piece: Buffer) => pass(piece, other))
        .on('close', () => {
          pairs.delete(pair);
          other.destroy();
        });
      if (state === 'frozen') from.pause();
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const each = (work: (socket: Socket) => void) => {
    for (const pair of pairs) for (const socket of pair) work(socket);
  };
  return {
    port: (listener.address() as AddressInfo).port,
    cut() {
      state = 'cut';
      each((socket) => socket.resetAndDestroy());
    },
    freeze,
    freezeAfter(bytes) {
      left = bytes;
      return new Promise((resolve) => {
        reached = resolve;
      });
    },
    mend() {
      state = 'open';
      each((socket) => socket.resume());
    },
    count: () => pairs.size,
    close() {
      listener.close();
      each((socket) => socket.destroy());
    },
  };
}

/** A URL by way of a line. */
export function urlBy(line: Line, url: string): string {
  const by = new URL(url);
  by.port = String(line.port);
  by.hostname = '127.0.0.1';
  return by.href;
}
