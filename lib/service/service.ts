// The parts of a running service, as its routes and its dispatcher share them.
import type { Databases } from './databases.ts';
import type { EventLog } from './events.ts';
import type { KeyRing } from './keys.ts';
import type { ServiceLog } from './log.ts';
import type { Planner } from './planner.ts';
import type { Queue } from './queue.ts';
import type { Scheduler } from './scheduler-type.ts';
import type { SessionBook } from './sessions.ts';
import type { Store } from './store.ts';
import type { Streams } from './streams.ts';
import type { ServiceSurroundings } from './surroundings.ts';

/** A running service. */
export interface Service extends ServiceSurroundings {
  /** Its own id, by which its jobs are known. */
  readonly id: string;
  readonly store: Store;
  readonly queue: Queue;
  readonly events: EventLog;
  readonly keys: KeyRing;
  readonly sessions: SessionBook;
  readonly databases: Databases;
  readonly planner: Planner;
  readonly streams: Streams;
  readonly log: ServiceLog;
  /** Null until the service has started. */
  scheduler: Scheduler | null;
  /** True from the first signal to stop. */
  isStopping: boolean;
  /** Lets the dispatcher look for jobs now. */
  wake(): void;
}
