// A way to a server that goes silent: open sockets stay open, new ones are accepted, and no byte passes any more.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A proxy that can freeze. */
export interface Frozen {
  readonly url: string;
  readonly place: string;
  isFrozen(): boolean;
  freeze(): void;
  close(): Promise<void>;
}

/**
 * Opens a proxy to the server of a URL.
 * @param after bytes from the server, after which it freezes by itself
 * @param keepsNew whether sessions that begin later pass, as where a firewall has forgotten the older ones
 */
export async function frozenWay(
  url: string,
  after = Number.POSITIVE_INFINITY,
  keepsNew = false,
): Promise<Frozen> {
  const { hostname, port } = new URL(url);
  const all = new Set<Socket>();
  let bytes = 0;
  let isFrozen = false;
  const listener = createServer((client) => {
    const server = createConnection(Number(port), hostname);
    const isLate = isFrozen && keepsNew;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      all.add(from);
      from.on('error', () => undefined);
      from.on('close', () => (!isFrozen || isLate) && to.destroy());
      from.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > after) isFrozen = true;
        if (isFrozen && !isLate) from.pause();
        else to.write(chunk);
      });
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const there = new URL(url);
  there.port = String((listener.address() as AddressInfo).port);
  return {
    url: there.href,
    place: `127.0.0.1:${there.port}`,
    isFrozen: () => isFrozen,
    freeze: () => {
      isFrozen = true;
    },
    close: async () => {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
