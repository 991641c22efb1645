// The events of jobs: numbered in the same transaction as the change that they tell, and handed to watchers.
import { setImmediate } from 'node:timers/promises';
import type { Connection } from '../pg/connection.ts';
import type { Store, Turn } from './store.ts';

/** One event. */
export interface JobEvent {
  /** Its number among all events. */
  readonly number: number;
  readonly job: string;
  /** Its number among the events of its job, from 1, without holes. */
  readonly seq: number;
  readonly type: 'state' | 'progress' | 'line';
  readonly data: Readonly<Record<string, unknown>>;
}

/** Adds an event to the transaction. */
export type NoteEvent = (
  job: string,
  type: JobEvent['type'],
  data: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** The place of a reader: after an event of one job, or of all. */
export interface EventCursor {
  /** null: all jobs. */
  readonly job: string | null;
  readonly after: number;
}

/** The events that a reader missed. Old progress is left out. */
export interface Backlog {
  readonly events: readonly JobEvent[];
  /** The ids of the first and the last event that is left out; null: none is. */
  readonly gap: { readonly from: number; readonly to: number } | null;
}

/** The log of events. */
export interface EventLog {
  /** Runs a transaction that may add events, and hands these to watchers after its commit. */
  change<T>(work: (session: Connection, note: NoteEvent) => Promise<T>, turn?: Turn): Promise<T>;
  /** The events after a place, in order, without old progress. */
  readBacklog(cursor: EventCursor): Promise<Backlog>;
  /** The states and lines of a job, in order. */
  readLog(job: string): Promise<JobEvent[]>;
  /** The number of the newest event of all. */
  newest(): Promise<number>;
  /** Hands over each new event, in order; returns the way to stop. */
  watch(take: (event: JobEvent) => void): Promise<() => void>;
  watchers(): number;
  close(): void;
}

const columns = `e.number::float8 as number, e.job, e.seq, e.type,
  e.data || pg_catalog.jsonb_build_object('job', e.job, 'at',
    pg_catalog.to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as data`;

const insertion = `with c as (update service.counter set last = last + 1 returning last),
  j as (update service.jobs set last_seq = last_seq + 1 where id = $1 returning last_seq),
  e as (insert into service.events (number, job, seq, type, data)
    select c.last, $1, j.last_seq, $2, $3::jsonb from c, j returning *)
  select ${columns} from e`;

// Events that a reader gets at once: of progress, and others.
const [mostProgress, mostOthers] = [200, 10_000];

// Events handed over before other work of the process, such as requests, gets its turn.
const mostInTurn = 500;

// Milliseconds between two looks for events of other services.
const interval = 500;

/** Opens the log. On a shared database it looks for the events of other services while anyone watches. */
export function openEventLog(store: Store): EventLog {
  return new StoredEvents(store);
}

type Taker = (event: JobEvent) => void;

class StoredEvents implements EventLog {
  readonly #store: Store;
  readonly #takers = new Set<Taker>();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  // The newest event that was handed over.
  #last = 0;
  #isLooking = false;

  constructor(store: Store) {
    this.#store = store;
    if (store.kind !== 'embedded') this.#timer = setInterval(() => void this.#look(), interval);
  }

  async change<T>(work: (session: Connection, note: NoteEvent) => Promise<T>, turn?: Turn): Promise<T> {
    const noted: JobEvent[] = [];
    const result = await this.#store.change(
      (session) =>
        work(session, async (job, type, data) => {
          noted.push(...(await session.rows<JobEvent>(insertion, [job, type, JSON.stringify(data)])));
        }),
      turn,
    );
    // On a shared database, the look hands over our own events as well.
    if (this.#store.kind === 'embedded') this.#publish(noted);
    else if (noted.length > 0) await this.#look();
    return result;
  }

  readBacklog({ job, after }: EventCursor): Promise<Backlog> {
    const [which, place] = job === null ? ['true', 'number'] : ['job = $2', 'seq'];
    const found = `from (
      select *, pg_catalog.row_number() over (partition by type = 'progress' order by ${place} desc)
        > case type when 'progress' then ${mostProgress} else ${mostOthers} end as "isOld"
      from service.events where ${which} and ${place} > $1) e`;
    const parameters = job === null ? [after] : [after, job];
    return this.#store.use(async (session) => {
      const [gap] = await session.rows<{ from: number | null; to: number | null }>(
        `select pg_catalog.min(e.${place})::float8 as "from", pg_catalog.max(e.${place})::float8 as "to"
         ${found} where e."isOld"`,
        parameters,
      );
      const { from = null, to = null } = gap ?? {};
      const sql = `select ${columns} ${found} where not e."isOld" order by e.${place}`;
      const events = await session.rows<JobEvent>(sql, parameters);
      return { events, gap: from === null || to === null ? null : { from, to } };
    }, 'request');
  }

  readLog(job: string): Promise<JobEvent[]> {
    const sql = `select ${columns} from service.events e
      where e.job = $1 and e.type <> 'progress' order by e.seq`;
    return this.#store.use((session) => session.rows<JobEvent>(sql, [job]), 'request');
  }

  newest(): Promise<number> {
    return this.#store.use(async (session) => {
      const [row] = await session.rows<{ last: number }>('select last::float8 as last from service.counter');
      return row?.last ?? 0;
    }, 'request');
  }

  async watch(take: Taker): Promise<() => void> {
    // The look begins here. What came before, the watcher reads itself, afterwards.
    if (this.#takers.size === 0 && this.#store.kind !== 'embedded') this.#last = await this.newest();
    this.#takers.add(take);
    return () => this.#takers.delete(take);
  }

  watchers(): number {
    return this.#takers.size;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #publish(events: readonly JobEvent[]): void {
    for (const event of events) {
      this.#last = Math.max(this.#last, event.number);
      for (const take of this.#takers) take(event);
    }
  }

  // Many watchers of many events would keep all requests waiting.
  async #publishInTurns(events: readonly JobEvent[]): Promise<void> {
    let handed = 0;
    for (const event of events) {
      this.#publish([event]);
      handed += this.#takers.size;
      if (handed < mostInTurn) continue;
      handed = 0;
      await setImmediate();
    }
  }

  async #look(): Promise<void> {
    if (this.#takers.size === 0 || this.#isLooking) return;
    this.#isLooking = true;
    try {
      const found = await this.#store.use((session) =>
        session.rows<JobEvent>(
          `select ${columns} from service.events e where e.number > $1 order by e.number limit 10000`,
          [this.#last],
        ),
      );
      await this.#publishInTurns(found);
    } catch {
      // The queue's database is away; the next look finds what this one missed.
    } finally {
      this.#isLooking = false;
    }
  }
}
