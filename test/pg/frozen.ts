// A way to a server that goes silent: open sockets stay open, new ones are accepted, and no byte passes any
// more.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A proxy that can freeze. */
export interface Frozen {
  readonly url: string;
  readonly place: string;
  isFrozen(): boolean;
  freeze(): void;
  /** What has passed: bytes both ways, and how often a client said COMMIT. */
  passed(): { readonly bytes: number; readonly commits: number };
  close(): Promise<void>;
}

/** When it freezes. */
export interface Freezing {
  /** After so many bytes, both ways together. */
  readonly after?: number;
  /**
   * When a client says COMMIT for the n-th time, from 1: before the server hears it, or before its answer
   * passes.
   */
  readonly commit?: { readonly at: number; readonly heard: boolean; readonly like?: RegExp };
  /** Whether sessions that begin later pass, as where a firewall has forgotten the older ones. */
  readonly keepsNew?: boolean;
}

const anyCommit = /\bcommit;?\0/i;

/** Opens a proxy to the server of a URL. */
export async function frozenWay(url: string, freezing: Freezing = {}): Promise<Frozen> {
  const { after = Number.POSITIVE_INFINITY, commit: at, keepsNew = false } = freezing;
  const { hostname, port } = new URL(url);
  const all = new Set<Socket>();
  let bytes = 0;
  let commits = 0;
  let isFrozen = false;
  // Left to itself, a socket would answer the end of the other side.
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = createConnection({ port: Number(port), host: hostname, allowHalfOpen: true });
    const isLate = isFrozen && keepsNew;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      all.add(from);
      from.on('error', () => undefined);
      for (const event of ['end', 'close'])
        from.on(event, () => {
          if (!isFrozen || isLate) to.end();
        });
      from.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (
          from === client &&
          (at?.like ?? anyCommit).test(chunk.toString('latin1')) &&
          ++commits === at?.at &&
          !isFrozen
        ) {
          if (at.heard) to.write(chunk);
          isFrozen = true;
        }
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
    place: `${there.hostname}:${there.port}`,
    isFrozen: () => isFrozen,
    freeze: () => {
      isFrozen = true;
    },
    passed: () => ({ bytes, commits }),
    close: async () => {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
