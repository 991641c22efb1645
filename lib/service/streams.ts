// Event streams (WHATWG: Server-sent events): of one job, or of all.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventLog, JobEvent } from './events.ts';

/** The streams that are open. */
export interface Streams {
  /** Answers a request with the events of a job (null: of all) after an id. */
  open(request: FastifyRequest, reply: FastifyReply, job: string | null): Promise<void>;
  count(): number;
  /** Ends all of them. */
  end(): void;
}

const heartbeat = 15_000;
// Bytes that a reader may leave unread.
const mostUnread = 1024 * 1024;
// Events of progress that a reader gets at once.
const mostProgress = 200;
const finalStates: readonly unknown[] = ['done', 'failed', 'cancelled'];

/** Opens the streams of a service. */
export function openStreams(events: EventLog): Streams {
  const open = new Set<() => void>();
  return {
    count: () => open.size,
    end() {
      for (const end of open) end();
    },
    async open(request, reply, job) {
      const after = readPlace(request) ?? (job === null ? await events.newest() : 0);
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
      const reader = new StreamReader(raw, job, after);
      const stop = await events.watch((event) => reader.take(event));
      const timer = setInterval(() => reader.comment(), heartbeat);
      const end = () => reader.end();
      open.add(end);
      raw.on('close', () => {
        clearInterval(timer);
        stop();
        open.delete(end);
      });
      raw.on('error', () => undefined);
      await events.read({ job, after }).then(
        (backlog) => reader.begin(backlog),
        () => reader.end(),
      );
    },
  };
}

// The id after which the reader wants to go on; null: it says none.
function readPlace({ headers, query }: FastifyRequest): number | null {
  const { after } = query as { readonly after?: string };
  const given = headers['last-event-id'] ?? after;
  return /^\d{1,15}$/.test(String(given ?? '')) ? Number(given) : null;
}

type Sink = FastifyReply['raw'];

class StreamReader {
  readonly #sink: Sink;
  readonly #job: string | null;
  #last: number;
  // Events that came before the backlog was read; null: it is.
  #early: JobEvent[] | null = [];

  constructor(sink: Sink, job: string | null, after: number) {
    this.#sink = sink;
    this.#job = job;
    this.#last = after;
  }

  take(event: JobEvent): void {
    if (this.#job !== null && event.job !== this.#job) return;
    if (this.#early === null) this.#send(event);
    else this.#early.push(event);
  }

  begin(backlog: readonly JobEvent[]): void {
    const progress = backlog.filter(({ type }) => type === 'progress');
    const dropped = new Set(progress.slice(0, -mostProgress));
    const [first, last] = [[...dropped][0], [...dropped].at(-1)];
    if (first !== undefined && last !== undefined) {
      const gap = { from: this.#idOf(first), to: this.#idOf(last) };
      this.#write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
    }
    for (const event of backlog) if (!dropped.has(event)) this.#send(event);
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) this.#send(event);
  }

  comment(): void {
    this.#write(':\n\n');
  }

  end(): void {
    this.#sink.end();
  }

  #idOf({ seq, number }: JobEvent): number {
    return this.#job === null ? number : seq;
  }

  #send(event: JobEvent): void {
    const id = this.#idOf(event);
    if (id <= this.#last) return;
    this.#last = id;
    this.#write(`id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`);
    if (this.#job === null || event.type !== 'state') return;
    if (finalStates.includes(event.data.state)) this.end();
  }

  #write(text: string): void {
    if (this.#sink.writableEnded || this.#sink.destroyed) return;
    this.#sink.write(text);
    if (this.#sink.writableLength > mostUnread) this.#sink.destroy();
  }
}
