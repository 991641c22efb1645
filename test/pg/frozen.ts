// A way to a server that goes silent: open sockets stay open, new ones are accepted, and no byte passes any
// more.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A proxy that can freeze. */
export interface Frozen {
  readonly url: string;
  readonly place: string;
  isFrozen(): boolean;
  freeze(): void;
  passed(): Passed;
  close(): Promise<void>;
}

/** What has passed. */
export interface Passed {
  /** Both ways together. */
  readonly bytes: number;
  /** How often a client said COMMIT. */
  readonly commits: number;
  /** And in a transaction that may write. */
  readonly writes: number;
}

/** When it freezes. */
export interface Freezing {
  /** After so many bytes, both ways together. */
  readonly after?: number;
  /**
   * When a client says COMMIT for the n-th time, from 1: before the server hears it, or before its answer
   * passes. With `writes` only those count that end a transaction which may write.
   */
  readonly commit?: {
    readonly at: number;
    readonly heard: boolean;
    readonly like?: RegExp;
    readonly writes?: boolean;
  };
  /** Whether sessions that begin later pass, as where a firewall has forgotten the older ones. */
  readonly keepsNew?: boolean;
}

const anyCommit = /\bcommit;?\0/i;
const begins = /\bbegin\b[^;\0]*/gi;

/** Opens a proxy to the server of a URL. */
export async function frozenWay(url: string, freezing: Freezing = {}): Promise<Frozen> {
  const { after = Number.POSITIVE_INFINITY, commit: at, keepsNew = false } = freezing;
  const { hostname, port } = new URL(url);
  const all = new Set<Socket>();
  let bytes = 0;
  let commits = 0;
  let writes = 0;
  let isFrozen = false;
  // Left to itself, a socket would answer the end of the other side.
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = createConnection({ port: Number(port), host: hostname, allowHalfOpen: true });
    const isLate = isFrozen && keepsNew;
    let isReading = false;
    // Whether it is the COMMIT at which it freezes.
    const endsHere = (text: string): boolean => {
      const begun = text.match(begins)?.at(-1);
      if (begun !== undefined) isReading = /read only/i.test(begun);
      if (!(at?.like ?? anyCommit).test(text)) return false;
      commits++;
      if (!isReading) writes++;
      return at?.writes ? !isReading && writes === at.at : commits === at?.at;
    };
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
        if (from === client && endsHere(chunk.toString('latin1')) && !isFrozen) {
          if (at?.heard) to.write(chunk);
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
    passed: () => ({ bytes, commits, writes }),
    close: async () => {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
