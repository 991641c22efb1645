// The messages between a service and the workers of its queue in Redis.
import type { CopyProgress } from '../../flow/progress.ts';
import type { WorkEnding } from '../child.ts';
import type { ProcessWork } from '../messages.ts';

/** An entry of the queue: a job that a worker may ask its service for. It holds no parameters. */
export interface Offer {
  /** The address of the service. */
  readonly service: string;
  readonly job: string;
}

/** The work as it is sent. The worker adds what is its own. */
export type SentWork = Omit<ProcessWork, 'root' | 'version' | 'backups'>;

/** How a work ended at a worker. */
export type SentEnding = WorkEnding & { readonly isDrained?: boolean };

/** A message of a worker. An entry is one attempt of one job. */
export type FromWorker = { readonly worker: string } & (
  | { readonly is: 'take'; readonly entry: string; readonly name: string; readonly nonce: string }
  /** These entries run, or ended and wait for `noted`. */
  | { readonly is: 'alive'; readonly beat: number; readonly entries: readonly string[] }
  | { readonly is: 'line'; readonly entry: string; readonly text: string }
  | { readonly is: 'progress'; readonly entry: string; readonly pace: CopyProgress }
  | { readonly is: 'committing'; readonly entry: string; readonly xid: string }
  | { readonly is: 'ended'; readonly entry: string; readonly ending: SentEnding }
);

/** A message to a worker. */
export type ToWorker =
  /** With the nonce of its question: a message of before starts nothing. */
  | { readonly is: 'start'; readonly entry: string; readonly nonce: string; readonly work: SentWork }
  | { readonly is: 'refuse'; readonly entry: string }
  | { readonly is: 'cancel'; readonly entry: string }
  | { readonly is: 'kill'; readonly entry: string }
  | {
      readonly is: 'commit';
      readonly entry: string;
      readonly xid: string;
      readonly allowed: boolean;
    }
  /** The end of the entry was written down. */
  | { readonly is: 'noted'; readonly entry: string }
  /** The answer to `alive`: of its entries, those that are the worker's, and those to stop. */
  | {
      readonly is: 'alive';
      readonly beat: number;
      readonly known: readonly string[];
      readonly cancelling: readonly string[];
    };

/**
 * Milliseconds of silence. A worker asks its job to stop, then ends it, and only after that the service takes
 * it for lost: both count from the same message, the worker from its sending, the service from its arrival.
 */
export const silence = { stop: 20_000, end: 25_000, lost: 30_000 } as const;
