// A way to a server that stops one message of a client until it is let through.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** The way. */
export interface Gate {
  /** The same URL by way of this. */
  readonly url: string;
  /** Waits until the message is there. @throws Error after a minute */
  reached(): Promise<void>;
  /** Lets the message through. Without it, the server never gets it. */
  open(): void;
  close(): void;
}

/**
 * Stops the first message that matches the last pattern, in a session whose messages have matched the others
 * before. What is stopped is short: it comes in one piece.
 */
export async function gateAt(url: string, patterns: readonly RegExp[]): Promise<Gate> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let [arrive, open] = [() => {}, () => {}];
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isUsed = false;
  const listener = createServer((client) => {
    const server = createConnection(Number(port), hostname);
    let at = 0;
    let work: Promise<void> = Promise.resolve();
    const pass = async (piece: Buffer) => {
      if (!isUsed && patterns[at]?.test(piece.toString('latin1')) && ++at === patterns.length) {
        isUsed = true;
        arrive();
        await opened;
      }
      if (!server.destroyed) server.write(piece);
    };
    client.on('data', (piece) => {
      work = work.then(() => pass(piece));
    });
    server.on('data', (piece) => client.write(piece));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket.setNoDelay());
      socket.on('error', () => undefined).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const by = new URL(url);
  by.port = String((listener.address() as AddressInfo).port);
  return {
    url: by.href,
    async reached() {
      const late = setTimeout(60_000, 'late', { ref: false });
      if ((await Promise.race([arrived, late])) === 'late') throw new Error('the message did not come');
    },
    open,
    close() {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}
