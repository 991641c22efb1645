// A way to a server on which something happens when the n-th request passes (manual: "Message Formats").
import { createConnection, createServer, type Socket } from 'node:net';

/**
 * When a request is struck: before the server hears of it, while it works, or when it has answered and nobody
 * has heard.
 */
export type Moment = 'before' | 'during' | 'after';

/** What happens, and when. */
export interface Strike {
  /** The number of the request, from 0, over all sessions. */
  readonly at: number;
  readonly moment: Moment;
  /** What is done; the request or the answer goes on its way afterwards, if there still is one. */
  do(cut: () => void): Promise<void> | void;
}

/** A proxy that listens on loopback. */
export interface Proxy {
  /** The same URL by way of this. */
  readonly url: string;
  /** Whether it came to the strike. */
  struck(): boolean;
  /** Closes it. @throws what the strike failed with: such a trial shows nothing */
  close(): Promise<void>;
}

const [query, sync, ready] = ['Q', 'S', 'Z'].map((letter) => letter.charCodeAt(0));

/** Opens a proxy to the server of a URL over TCP. */
export async function proxyTo(url: string, strike: Strike): Promise<Proxy> {
  const { hostname, port } = new URL(url);
  let requests = 0;
  let struck = false;
  let strikes: Promise<unknown> = Promise.resolve();
  // What it fails with is thrown at the end: the request goes on its way, or both sides would wait.
  const strikeOnce = (cut: () => void): Promise<unknown> => {
    strikes = (async () => strike.do(cut))();
    return strikes.catch(() => undefined);
  };
  const open = new Set<Socket>();
  const listener = createServer((client) => {
    const server = createConnection(Number(port), hostname);
    const cut = () => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(socket);
      socket.setNoDelay();
      // Whoever goes takes the other one along.
      socket.on('error', () => other.destroy()).on('close', () => open.delete(socket) && other.end());
    }
    let awaited = false;
    relay(client, server, true, async (type) => {
      if ((type !== query && type !== sync) || requests++ !== strike.at) return;
      struck = true;
      if (strike.moment === 'before') await strikeOnce(cut);
      else if (strike.moment === 'after') awaited = true;
      // The server begins with it meanwhile.
      else setImmediate(() => void strikeOnce(cut));
    });
    relay(server, client, false, async (type) => {
      if (!awaited || type !== ready) return;
      awaited = false;
      await strikeOnce(cut);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const there = new URL(url);
  there.port = String(typeof address === 'object' ? address?.port : '');
  there.searchParams.set('sslmode', 'disable');
  return {
    url: there.href,
    struck: () => struck,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      await strikes;
    },
  };
}

// Hands on whole messages, each after `seen` has seen its type. The first of a client has none.
function relay(
  from: Socket,
  to: Socket,
  untyped: boolean,
  seen: (type: number | undefined) => Promise<void>,
): void {
  let held = Buffer.alloc(0);
  let bare = untyped;
  let work = Promise.resolve();
  const take = async (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const head = bare ? 0 : 1;
      const length = held.length >= head + 4 ? head + held.readUInt32BE(head) : Number.POSITIVE_INFINITY;
      if (held.length < length) return;
      await seen(bare ? undefined : held[0]);
      bare = false;
      if (!to.destroyed) to.write(held.subarray(0, length));
      held = held.subarray(length);
    }
  };
  from.on('data', (chunk: Buffer) => {
    work = work.then(() => take(chunk));
  });
  from.on('end', () => {
    work = work.then(() => void to.end());
  });
}
