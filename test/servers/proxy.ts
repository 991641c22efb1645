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
  do(cut: () => void, freeze: Freeze): Promise<void> | void;
}

/**
 * Makes the way silent: its sockets stay open, and no byte passes any more.
 * @param keepsNew true if sessions that begin later pass, as where a firewall has forgotten the older ones
 */
export type Freeze = (keepsNew?: boolean) => void;

/** A proxy that listens on loopback. */
export interface Proxy {
  /** The same URL by way of this. */
  readonly url: string;
  /** Whether it came to the strike. */
  struck(): boolean;
  /** The ports by which its sessions reach the server, which knows them as `client_port`. */
  ports(): number[];
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
  let frozen: 'all' | 'older' | null = null;
  const freeze: Freeze = (keepsNew = false) => {
    frozen = keepsNew ? 'older' : 'all';
  };
  const strikeOnce = (cut: () => void): Promise<unknown> => {
    strikes = (async () => strike.do(cut, freeze))();
    return strikes.catch(() => undefined);
  };
  const open = new Set<Socket>();
  const servers: Socket[] = [];
  const listener = createServer((client) => {
    const server = createConnection(Number(port), hostname);
    servers.push(server);
    const isLate = frozen !== null;
    const isSilent = () => frozen === 'all' || (frozen === 'older' && !isLate);
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
      socket
        .on('error', () => isSilent() || other.destroy())
        .on('close', () => open.delete(socket) && !isSilent() && other.end());
    }
    let awaited = false;
    relay({ from: client, to: server, isSilent, untyped: true }, async (type) => {
      if ((type !== query && type !== sync) || requests++ !== strike.at) return;
      struck = true;
      if (strike.moment === 'before') await strikeOnce(cut);
      else if (strike.moment === 'after') awaited = true;
      // The server begins with it meanwhile.
      else setImmediate(() => void strikeOnce(cut));
    });
    relay({ from: server, to: client, isSilent, untyped: false }, async (type) => {
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
    ports: () => servers.flatMap(({ localPort }) => localPort ?? []),
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      await strikes;
    },
  };
}

interface Relay {
  readonly from: Socket;
  readonly to: Socket;
  /** Whether its first message has no type, as that of a client. */
  readonly untyped: boolean;
  isSilent(): boolean;
}

// Hands on whole messages, each after `seen` has seen its type.
function relay(
  { from, to, untyped, isSilent }: Relay,
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
      if (held.length < length || isSilent()) return;
      await seen(bare ? undefined : held[0]);
      bare = false;
      if (isSilent()) return;
      if (!to.destroyed) to.write(held.subarray(0, length));
      held = held.subarray(length);
    }
  };
  from.on('data', (chunk: Buffer) => {
    work = work.then(() => take(chunk));
  });
  from.on('end', () => {
    work = work.then(() => void (isSilent() || to.end()));
  });
}
