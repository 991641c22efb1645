// Notices that a network has gone silent.
//
// A network can stop without a word: a firewall forgets a connection, a cable is pulled, a machine sleeps. TCP then tells
// neither side anything. Three things end the wait, and none of them ends work that is only slow:
//
// 1. Keepalive of the kernel: after 10 s without traffic Node's sockets send a probe each second and give up after ten.
//    The programs of PostgreSQL get the same by parameters of libpq, and the server by settings of the session, so that
//    the locks of a session whose client is gone do not stay.
// 2. Keepalive cannot see a proxy that stands between and has stopped, nor data that is sent and never acknowledged. So,
//    while pgmage waits for a server and not one byte has come or gone for the stall limit, it opens a second session by
//    the same way and asks the server about the first. If no answer comes, the network is gone. If the server says that
//    the first session waits for its client, each side waits for the other: that connection is gone.
// 3. If the server says that the session is at work (a long index, a lock, a sort before the first row of a COPY), or
//    cannot say (behind a pooler), pgmage waits on, and asks again after the next limit.
//
// Time that pgmage itself spends does not count: a stream whose rows the other side does not take is not silent.
import type { Socket } from 'node:net';

/**
 * What a second session says of the first: why it is lost, or null. It may fail, which is an answer as well.
 * @param isSilent whether the first one is still waited for, and nothing has come or gone
 */
export type Probe = (isSilent: () => boolean) => Promise<string | null>;

/** A time in which a server is waited for. */
export interface ServerWait {
  /** What comes is up to pgmage itself, until `go`. */
  rest(): void;
  go(): void;
  /** It is over, whatever is called later. */
  end(): void;
}

/** Watches a session while its server is waited for. */
export interface Watch {
  /** @param isEnd whether work that failed is only brought to its end: it may have failed of the network */
  begin(isEnd?: boolean): ServerWait;
  /** Waits for what the server is to answer. */
  during<T>(work: Promise<T>, isEnd?: boolean): Promise<T>;
}

/** What is watched. */
export interface Watched {
  /** What is spoken through. */
  readonly stream: Socket;
  /** What lies below it, where it is TLS. */
  readonly socket: Socket;
  /** Milliseconds without a byte; 0: never. */
  readonly limit: number;
  readonly probe: Probe;
  /** Ends the session. */
  lost(reason: string): void;
}

// What ends the work of a network that has failed is not waited for as long again.
const patienceAtEnd = 3_000;
// How often a wait is looked at within its limit.
const looks = 4;

/** Begins to watch a session. */
export function watchOver({ stream, socket, limit, probe, lost }: Watched): Watch {
  const passed = () => `${socket.bytesRead} ${socket.bytesWritten} ${stream.writableLength}`;
  const waits = new Set<ServerWait>();
  let timer: NodeJS.Timeout | undefined;
  let isAsked = false;
  let before = '';
  let quiet = 0;
  const look = async () => {
    const now = passed();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    if (quiet < looks || isAsked) return;
    isAsked = true;
    const isSilent = () => waits.size > 0 && passed() === now;
    const reason = await probe(isSilent).catch((thrown: unknown) => (thrown as Error).message);
    isAsked = false;
    quiet = 0;
    // Meanwhile it may have gone on, or ended.
    if (reason === null || !isSilent()) return;
    clearInterval(timer);
    lost(reason);
  };
  const add = (wait: ServerWait, patience: number) => {
    waits.add(wait);
    if (waits.size > 1) return;
    [before, quiet] = [passed(), 0];
    timer = setInterval(() => void look(), patience / looks);
  };
  const remove = (wait: ServerWait) => {
    if (waits.delete(wait) && waits.size === 0) clearInterval(timer);
  };
  const begin = (isEnd = false) => {
    const patience = isEnd ? Math.min(limit, patienceAtEnd) : limit;
    let isOver = limit === 0;
    const wait: ServerWait = {
      rest: () => remove(wait),
      go: () => {
        if (!isOver) add(wait, patience);
      },
      end: () => {
        isOver = true;
        remove(wait);
      },
    };
    wait.go();
    return wait;
  };
  return {
    begin,
    async during(work, isEnd) {
      const wait = begin(isEnd);
      try {
        return await work;
      } finally {
        wait.end();
      }
    },
  };
}
