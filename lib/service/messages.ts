// The messages between the service and the process of one job.
import type { CopyProgress } from '../flow/progress.ts';
import type { AgreedLosses } from './jobs.ts';
import type { JobKind } from './schemas.ts';
import type { StorageRule } from './storage.ts';

/** The work of a process. */
export interface ProcessWork {
  /**
   * `job`: the job itself; `plan`: its plan; the others: those of `parameters.database`, `picture` being that
   * of its differences.
   */
  readonly does: 'job' | 'plan' | 'status' | 'diff' | 'documents' | 'picture';
  readonly kind: JobKind;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Null: `force` was given instead. */
  readonly agreed: AgreedLosses | null;
  /** The folder of backups; null: as usual. */
  readonly backups: string | null;
  /** Null: it writes no backup. */
  readonly storage: StorageRule | null;
  readonly requestedBy: string;
  /** The folder of the project. */
  readonly root: string;
  readonly version: string;
}

/** A message to the process. */
export type ToProcess =
  | { readonly is: 'start'; readonly work: ProcessWork }
  | { readonly is: 'cancel' }
  /** The answer to `committing`. */
  | { readonly is: 'commit'; readonly xid: string; readonly allowed: boolean };

/** A message of the process. */
export type FromProcess =
  | { readonly is: 'line'; readonly text: string }
  | { readonly is: 'progress'; readonly pace: CopyProgress }
  /** It waits for the answer before it sends COMMIT. */
  | { readonly is: 'committing'; readonly xid: string }
  | { readonly is: 'done'; readonly result: unknown }
  | { readonly is: 'failed'; readonly problem: unknown };

/** The exit code of a process that was cancelled: as after SIGTERM. */
export const cancelledCode = 143;
