// A line to a server that can be made slow, so that a job is surely not over yet.
import { createConnection, createServer, type Socket } from 'node:net';
import { freePort } from '../servers/server.ts';

/** The line. */
export interface Gate {
  /** The URL by way of it. */
  readonly url: string;
  /** From now on, answers come with so many bytes in a second. */
  slow(rate: number): void;
  /** All bytes pass at once again. */
  release(): void;
  close(): void;
}

/** Opens a line to the server of a URL. */
export async function openGate(to: string): Promise<Gate> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  let rate = Number.POSITIVE_INFINITY;
  const own = await freePort();
  const listener = createServer((client) => {
    const server = createConnection(Number(port), hostname);
    for (const one of [client, server]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    client.pipe(server);
    server.on('data', (piece) => {
      client.write(piece);
      if (rate === Number.POSITIVE_INFINITY) return;
      server.pause();
      setTimeout(() => server.resume(), (piece.length / rate) * 1000);
    });
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(own, '127.0.0.1', resolve));
  const url = new URL(to);
  url.port = String(own);
  return {
    url: url.href,
    slow(bytes) {
      rate = bytes;
    },
    release() {
      rate = Number.POSITIVE_INFINITY;
    },
    close() {
      listener.close();
      for (const one of sockets) one.destroy();
    },
  };
}
