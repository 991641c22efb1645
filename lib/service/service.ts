// The parts of a running service, as its routes and its dispatcher share them.
import type { Project } from '../project/project.ts';
import type { World } from '../project/world.ts';
import type { EventLog } from './events.ts';
import type { KeyRing } from './keys.ts';
import type { ServiceLog } from './log.ts';
import type { Queue } from './queue.ts';
import type { SessionBook } from './sessions.ts';
import type { ServiceSettings } from './settings.ts';
import type { Store } from './store.ts';

/** A running service. */
export interface Service {
  /** Its own id, by which its jobs are known. */
  readonly id: string;
  readonly project: Project;
  readonly world: World;
  readonly settings: ServiceSettings;
  readonly store: Store;
  readonly queue: Queue;
  readonly events: EventLog;
  readonly keys: KeyRing;
  readonly sessions: SessionBook;
  readonly log: ServiceLog;
  /** True from the first signal to stop. */
  isStopping: boolean;
  /** Lets the dispatcher look for jobs now. */
  wake(): void;
}
