// The parts of a running service, as its routes and its dispatcher share them.
import type { Databases } from './databases.ts';
import type { DocumentShelf } from './documents.ts';
import type { EventLog } from './events.ts';
import type { KeyRing } from './keys.ts';
import type { ServiceLog } from './log.ts';
import type { Planner } from './planner.ts';
import type { Queue } from './queue.ts';
import type { Scheduler } from './scheduler-type.ts';
import type { SessionBook } from './sessions.ts';
import type { StorageMeter } from './storage.ts';
import type { Store } from './store.ts';
import type { Streams } from './streams.ts';
import type { ServiceSurroundings } from './surroundings.ts';

/** A process that takes jobs: a service, or a worker of a shared queue. */
export interface JobHost extends ServiceSurroundings {
  /** Its own id, by which its jobs are known. */
  readonly id: string;
  /** Its name in the events of jobs. */
  readonly name: string;
  readonly store: Store;
  readonly queue: Queue;
  readonly events: EventLog;
  readonly log: ServiceLog;
  /** True from the first signal to stop. */
  isStopping: boolean;
  /** Lets the dispatcher look for jobs now. */
  wake(): void;
}

/** A running service. */
export interface Service extends JobHost {
  readonly keys: KeyRing;
  readonly sessions: SessionBook;
  readonly databases: Databases;
  readonly planner: Planner;
  readonly documents: DocumentShelf;
  readonly storage: StorageMeter;
  readonly streams: Streams;
  /** Null until the service has started. */
  scheduler: Scheduler | null;
}
