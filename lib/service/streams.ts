// Event streams (WHATWG: Server-sent events): of one job, or of all.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Backlog, EventCursor, EventLog, JobEvent } from './events.ts';
import type { ServiceJob } from './schemas.ts';

/** The streams that are open. */
export interface Streams {
  /** Answers a request with the events of a job (null: of all) after an id. 204: there will be none. */
  open(request: FastifyRequest, reply: FastifyReply, job: WatchedJob | null): Promise<FastifyReply>;
  count(): number;
  /** Ends all of them. */
  end(): void;
}

/** The job of a stream. */
export type WatchedJob = Pick<ServiceJob, 'id' | 'state'>;

const heartbeat = 15_000;
// Bytes that a reader may leave unread, and events that may come while it reads what it missed.
const [mostUnread, mostEarly] = [1024 * 1024, 10_000];
const finalStates: readonly unknown[] = ['done', 'failed', 'cancelled'];

/** Opens the streams of a service. */
export function openStreams(events: EventLog): Streams {
  const open = new Set<() => void>();
  return {
    count: () => open.size,
    end() {
      for (const end of open) end();
    },
    async open(request, reply, watched) {
      const job = watched?.id ?? null;
      const after = readPlace(request) ?? (job === null ? await events.newest() : 0);
      const reader = new StreamReader(reply.raw, job, after);
      const { backlog, stop } = await beginWatch(events, reader, { job, after });
      const isOver = finalStates.includes(watched?.state);
      // The events of an old job are deleted. A browser that gets 204 does not connect again.
      if (isOver && backlog.events.length === 0) {
        stop();
        return reply.status(204).send();
      }
      sendHead(reply);
      const timer = setInterval(() => reader.comment(), heartbeat);
      const end = () => reader.end();
      open.add(end);
      const forget = () => {
        clearInterval(timer);
        stop();
        open.delete(end);
      };
      const { raw } = reply;
      raw.on('close', forget).on('error', () => undefined);
      // A reader that has left by now says so no more.
      if (raw.destroyed || raw.closed) forget();
      await reader.begin(backlog);
      if (isOver) reader.end();
      return reply;
    },
  };
}

// Both can fail on a shared queue: the answer is a Problem then, because its head is not sent yet.
async function beginWatch(
  events: EventLog,
  reader: StreamReader,
  cursor: EventCursor,
): Promise<{ readonly backlog: Backlog; readonly stop: () => void }> {
  const stop = await events.watch((event) => reader.take(event));
  try {
    return { backlog: await events.readBacklog(cursor), stop };
  } catch (thrown) {
    stop();
    throw thrown;
  }
}

function sendHead(reply: FastifyReply): void {
  reply.hijack();
  const { raw } = reply;
  // The hooks of the service have set their headers by now.
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value) raw.setHeader(name, value);
  raw.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  raw.write('retry: 2000\n\n');
}

// The id after which the reader wants to go on; null: it says none.
function readPlace({ headers, query }: FastifyRequest): number | null {
  const { after } = query as { readonly after?: string };
  const given = headers['last-event-id'] ?? after;
  return /^\d{1,15}$/.test(String(given ?? '')) ? Number(given) : null;
}

// The text of an event is made once for all of its readers.
const texts = new WeakMap<JobEvent, string>();

function textOf(event: JobEvent): string {
  const text = texts.get(event) ?? JSON.stringify(event.data);
  texts.set(event, text);
  return text;
}

type Sink = FastifyReply['raw'];

class StreamReader {
  readonly #sink: Sink;
  readonly #job: string | null;
  #last: number;
  // Events that came before the missed ones were sent; null: they are.
  #early: JobEvent[] | null = [];

  constructor(sink: Sink, job: string | null, after: number) {
    this.#sink = sink;
    this.#job = job;
    this.#last = after;
  }

  take(event: JobEvent): void {
    if (this.#job !== null && event.job !== this.#job) return;
    if (this.#early === null) this.#send(event);
    else if (this.#early.push(event) > mostEarly) this.#sink.destroy();
  }

  /** Sends what was missed, as fast as it is read, and then what came meanwhile. */
  async begin({ events, gap }: Backlog): Promise<void> {
    if (gap !== null) this.#write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
    for (let missed = events; missed.length > 0; ) {
      for (const event of missed) {
        this.#send(event);
        await this.#drained();
      }
      missed = this.#early ?? [];
      this.#early = [];
    }
    for (const event of this.#early ?? []) this.#send(event);
    this.#early = null;
  }

  comment(): void {
    this.#write(':\n\n');
  }

  end(): void {
    this.#sink.end();
  }

  async #drained(): Promise<void> {
    const sink = this.#sink;
    if (!sink.writableNeedDrain || sink.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        sink.off('drain', done).off('close', done);
        resolve();
      };
      sink.on('drain', done).on('close', done);
    });
  }

  #idOf({ seq, number }: JobEvent): number {
    return this.#job === null ? number : seq;
  }

  #send(event: JobEvent): void {
    const id = this.#idOf(event);
    if (id <= this.#last) return;
    this.#last = id;
    this.#write(`id: ${id}\nevent: ${event.type}\ndata: ${textOf(event)}\n\n`);
    if (this.#job === null || event.type !== 'state') return;
    if (finalStates.includes(event.data.state)) this.end();
  }

  #write(text: string): void {
    if (this.#sink.writableEnded || this.#sink.destroyed) return;
    this.#sink.write(text);
    if (this.#sink.writableLength > mostUnread) this.#sink.destroy();
  }
}
