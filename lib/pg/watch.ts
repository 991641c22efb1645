// Detects a silent network.
//
// A network can stop without an error: a firewall drops a connection, a cable is pulled, a machine sleeps.
// TCP reports nothing to either side. Three rules end the wait, and none of them ends work that is only slow:
//
// 1. Keepalive of the kernel: after 10 s without traffic Node's sockets send a probe each second and give up
// after ten. The programs of PostgreSQL get the same by parameters of libpq, and the server by settings of
// the session, so that the server releases the locks of a session whose client is gone. 2. Keepalive does not
// detect a proxy that has stopped, or data that is sent but never acknowledged. So, when pgmage waits for a
// server and no byte has passed for the stall limit, it opens a second session in the same way and asks the
// server about the first. If no answer comes, the network is gone. If the server says that the first session
// waits for its client, both sides wait for each other, and the connection is gone. 3. If the server says
// that the session works (a long index, a lock, a sort before the first row of a COPY), or cannot tell
// (behind a pooler), pgmage continues to wait and asks again after the next limit.
//
// Time that pgmage itself spends does not count: a stream whose consumer is slow is not silent.
import type { Socket } from 'node:net';

/**
 * Asks through a second session why the first one is lost; null: it is not. A failure of it is an answer as
 * well.
 * @param isSilent true if the first session still waits and no byte has passed
 */
export type Probe = (isSilent: () => boolean) => Promise<string | null>;

/** A time in which a server is waited for. */
export interface ServerWait {
  /** Pauses the wait until `go`: pgmage itself is working. */
  rest(): void;
  go(): void;
  /** Ends the wait; later calls have no effect. */
  end(): void;
}

/** Watches a session while its server is waited for. */
export interface Watch {
  /** @param isEnd whether work that failed is only brought to its end: it may have failed of the network */
  begin(isEnd?: boolean): ServerWait;
  /** Waits for an answer of the server. */
  during<T>(work: Promise<T>, isEnd?: boolean): Promise<T>;
}

/** The session to watch. */
export interface Watched {
  /** The stream of the session. */
  readonly stream: Socket;
  /** The socket below it, with TLS. */
  readonly socket: Socket;
  /** Milliseconds without a byte; 0: never. */
  readonly limit: number;
  readonly probe: Probe;
  /** Called where the server was asked, and the session is not lost. @param seconds without a byte, in all */
  waiting?(seconds: number): void;
  /** Ends the session. */
  lost(reason: string): void;
}

// The last work on a failed network does not wait that long again.
const patienceAtEnd = 3_000;
// The number of checks within one limit.
const looks = 4;

/** Begins to watch a session. */
export function watchSession(watched: Watched): Watch {
  const silence = new SilenceTimer(watched);
  const begin = (isEnd = false) => {
    const { limit } = watched;
    const patience = isEnd ? Math.min(limit, patienceAtEnd) : limit;
    let isOver = limit === 0;
    const wait: ServerWait = {
      rest: () => silence.remove(wait),
      go: () => {
        if (!isOver) silence.add(wait, patience);
      },
      end: () => {
        isOver = true;
        silence.remove(wait);
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

// Looks for bytes that pass while a server is waited for, and asks about the session where none do.
class SilenceTimer {
  readonly #watched: Watched;
  readonly #waits = new Set<ServerWait>();
  #timer: NodeJS.Timeout | undefined;
  #isAsked = false;
  #before = '';
  #quiet = 0;
  // The same, since the last byte.
  #silentMs = 0;
  #intervalMs = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  add(wait: ServerWait, patience: number): void {
    this.#waits.add(wait);
    if (this.#waits.size > 1) return;
    [this.#before, this.#quiet, this.#silentMs] = [this.#passed(), 0, 0];
    this.#intervalMs = patience / looks;
    this.#timer = setInterval(() => void this.#look(), this.#intervalMs);
  }

  remove(wait: ServerWait): void {
    if (this.#waits.delete(wait) && this.#waits.size === 0) clearInterval(this.#timer);
  }

  #passed(): string {
    const { socket, stream } = this.#watched;
    return `${socket.bytesRead} ${socket.bytesWritten} ${stream.writableLength}`;
  }

  async #look(): Promise<void> {
    const now = this.#passed();
    const isQuiet = now === this.#before;
    this.#quiet = isQuiet ? this.#quiet + 1 : 0;
    this.#silentMs = isQuiet ? this.#silentMs + this.#intervalMs : 0;
    this.#before = now;
    if (this.#quiet < looks || this.#isAsked) return;
    this.#isAsked = true;
    const isSilent = () => this.#waits.size > 0 && this.#passed() === now;
    const reason = await this.#watched.probe(isSilent).catch((thrown: unknown) => (thrown as Error).message);
    this.#isAsked = false;
    this.#quiet = 0;
    // Meanwhile it may have gone on, or ended.
    if (!isSilent()) return;
    if (reason === null) {
      this.#watched.waiting?.(Math.round(this.#silentMs / 100) / 10);
      return;
    }
    clearInterval(this.#timer);
    this.#watched.lost(reason);
  }
}
