// The process of a job at a worker, as the service sees it.
import type { ProcessListener, RunningWork, WorkEnding } from '../child.ts';
import { type FromWorker, type SentEnding, type SentWork, silence, type ToWorker } from './letters.ts';

/** The place of a work. */
export interface WorkPlace {
  readonly entry: string;
  readonly worker: string;
  /** Of the question of its worker; null: it has not asked yet. */
  readonly nonce: string | null;
  readonly work: SentWork;
  /** Sends to its worker. */
  send(message: ToWorker): void;
  /** Is called when the work is no longer needed. */
  forget(): void;
}

/** Milliseconds that do not go back. */
export const clock = () => performance.now();

/** A work at a worker. */
export class RemoteWork implements RunningWork {
  readonly pid = undefined;
  readonly ended: Promise<WorkEnding>;
  readonly #place: WorkPlace;
  readonly #listener: ProcessListener;
  #end: (ending: SentEnding) => void = () => undefined;
  #heard = clock();
  #isCancelled = false;
  #isOver = false;

  constructor(place: WorkPlace, listener: ProcessListener) {
    this.#place = place;
    this.#listener = listener;
    this.ended = new Promise((resolve) => {
      this.#end = (ending) => {
        this.#isOver = true;
        resolve(ending);
      };
    });
  }

  get entry(): string {
    return this.#place.entry;
  }

  get worker(): string {
    return this.#place.worker;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Tells its worker to start it; one that has started it does not start it again. */
  remind(nonce = this.#place.nonce): void {
    const { entry, work } = this.#place;
    if (nonce !== null) this.#place.send({ is: 'start', entry, nonce, work });
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#place.send({ is: 'cancel', entry: this.#place.entry });
  }

  kill(): void {
    this.#place.send({ is: 'kill', entry: this.#place.entry });
    this.#end({ ...silent, failure: 'the service ended it' });
  }

  /** Its end is written down, or is another's. */
  release(): void {
    this.#place.send({ is: 'noted', entry: this.#place.entry });
    this.#place.forget();
  }

  /** Lets go of it. It goes on, and the next service finds it. */
  leave(): void {
    this.#end({ ...silent, failure: 'the service stopped', isLeft: true });
  }

  /** The worker was heard. @param later milliseconds that this process itself did not run */
  refresh(later = clock() - this.#heard): void {
    this.#heard += later;
  }

  /** Takes it for lost if its worker was silent for too long. */
  check(): void {
    if (clock() - this.#heard < silence.lost) return;
    const seconds = silence.lost / 1000;
    this.#end({ ...silent, failure: `its worker did not answer for ${seconds} s`, isSilent: true });
  }

  hear(message: Exclude<FromWorker, { is: 'take' | 'alive' }>): void {
    // A worker that wakes late must not commit what was given up.
    if (this.#isOver) return;
    this.refresh();
    const { entry } = message;
    if (message.is === 'line') this.#listener.onLine?.(message.text);
    else if (message.is === 'progress') this.#listener.onProgress?.(message.pace);
    else if (message.is === 'ended') this.#end(message.ending);
    else
      void (this.#listener.onCommit?.(message.xid) ?? Promise.resolve(false))
        .catch(() => false)
        .then((allowed) => this.#place.send({ is: 'commit', entry, xid: message.xid, allowed }));
  }
}

const silent: SentEnding = { exitCode: null, signal: null, failure: null, result: null, problem: null };
