// The places of a worker. Each holds one attempt of a job, from its offer until its end is noted.
import { randomUUID } from 'node:crypto';
import { makeLegible } from '../../problem/legible.ts';
import { Problem, toProblem } from '../../problem/problem.ts';
import { redact } from '../../problem/redact.ts';
import { type RunningWork, startWork, type WorkEnding } from '../child.ts';
import type { ServiceLog } from '../log.ts';
import type { ProcessWork } from '../messages.ts';
import {
  type FromWorker,
  type Offer,
  type SentEnding,
  type SentWork,
  silence,
  type ToWorker,
} from './letters.ts';
import { clock } from './remote-work.ts';

// Milliseconds: until a question is repeated, until the service has to have answered an offer, and a COMMIT.
const [repeat, takeLimit, commitLimit] = [3_000, 15_000, 15_000];
// Milliseconds after its offer: an attempt that did not begin is not told of any more.
const tellLimit = 60_000;
// Bytes of one line of a log.
const longest = 4_000;

/** A message of a worker without its sender. */
export type Letter = FromWorker extends infer M ? (M extends FromWorker ? Omit<M, 'worker'> : never) : never;

/** The surroundings of a slot. */
export interface SlotSurroundings {
  /** Megabytes of JavaScript memory of each job; null: as Node decides. */
  readonly memory: number | null;
  /** The name of the worker. */
  readonly name: string;
  readonly log: Pick<ServiceLog, 'info'>;
  /** @param isRepeated true: it is not needed while older messages wait */
  send(service: string, message: Letter, isRepeated?: boolean): void;
  /** Makes it a work of this machine. It throws where the worker's own configuration does not allow it. */
  accept(work: SentWork): Promise<ProcessWork>;
  onChange(): void;
}

/** One attempt of a job at this worker. */
export class Slot {
  readonly entry: string;
  readonly service: string;
  readonly job: string;
  readonly #around: SlotSurroundings;
  readonly #answers = new Map<string, (allowed: boolean) => void>();
  readonly #since = clock();
  readonly #nonce = randomUUID();
  #state: 'asked' | 'running' | 'ended' | 'gone' = 'asked';
  #work: RunningWork | null = null;
  #ending: SentEnding | null = null;
  // When the newest message was sent that the service has answered.
  #acknowledged = this.#since;
  #asked = this.#since;
  #isCancelled = false;
  #isDraining = false;

  constructor(around: SlotSurroundings, entry: string, { service, job }: Offer) {
    this.#around = around;
    this.entry = entry;
    this.service = service;
    this.job = job;
    this.#ask(false);
  }

  /** True while it takes up one of the places. */
  get isBusy(): boolean {
    return this.#state === 'asked' || this.#state === 'running';
  }

  get isGone(): boolean {
    return this.#state === 'gone';
  }

  /** True if the service has to know that it is there. */
  get isAlive(): boolean {
    return this.#state === 'running' || this.#state === 'ended';
  }

  /** The service knows this attempt, as of a message that was sent then. */
  acknowledge(sent: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sent);
  }

  /** The attempt is not the worker's any more. */
  drop(): void {
    this.#state = 'gone';
    this.#work?.kill();
    for (const answer of this.#answers.values()) answer(false);
    this.#around.onChange();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#work?.cancel();
  }

  /** Asks it to stop because the worker stops. */
  drain(): void {
    this.#isDraining = true;
    this.giveBack();
    this.#work?.cancel();
  }

  /**
   * Gives up an attempt that did not begin. Its service may have given it to this worker, or do so when it
   * reads the question for it: then it lets the job wait again.
   */
  giveBack(): void {
    if (this.#state !== 'asked') return;
    const failure = 'the worker gave it back';
    this.#finish({ exitCode: null, signal: null, failure, result: null, problem: null, isUnbegun: true });
  }

  hear(message: Exclude<ToWorker, { is: 'alive' }>): void {
    if (message.is === 'start') {
      if (message.nonce === this.#nonce) void this.#start(message.work);
    } else if (message.is === 'commit') this.#answers.get(message.xid)?.(message.allowed);
    else if (message.is === 'cancel') this.cancel();
    else if (message.is === 'noted' || message.is === 'kill' || this.#state === 'asked') this.drop();
  }

  /** Repeats what was not answered, and ends a process that the service may take for lost. */
  tick(): void {
    const now = clock();
    const age = now - this.#since;
    if (this.#state === 'asked' && age > takeLimit) this.giveBack();
    else if (this.#ending?.isUnbegun && age > tellLimit) this.drop();
    else if (this.#state !== 'gone' && now - this.#asked > repeat) this.#ask(true);
    if (this.#state !== 'running') return;
    const quiet = now - this.#acknowledged;
    if (quiet > silence.end) this.#work?.kill();
    else if (quiet > silence.stop) this.#work?.cancel();
  }

  #ask(isRepeated: boolean): void {
    this.#asked = clock();
    const { entry } = this;
    const { name } = this.#around;
    const send = (message: Letter) => this.#around.send(this.service, message, isRepeated);
    if (this.#state === 'asked') send({ is: 'take', entry, name, nonce: this.#nonce });
    else if (this.#ending !== null) send({ is: 'ended', entry, ending: this.#ending });
    else for (const xid of this.#answers.keys()) send({ is: 'committing', entry, xid });
  }

  async #start(sent: SentWork): Promise<void> {
    if (this.#state !== 'asked') return;
    this.#state = 'running';
    const work = await this.#around.accept(sent).catch(toProblem);
    // It was taken back meanwhile.
    if (this.isGone) return;
    if (work instanceof Problem) {
      const problem = JSON.parse(JSON.stringify(work)) as Record<string, unknown>;
      return this.#finish({ exitCode: 1, signal: null, failure: null, result: null, problem });
    }
    const send = (message: Letter) => this.#around.send(this.service, message);
    const { entry } = this;
    this.#work = startWork(work, this.#around.memory, {
      onLine: (text) => send({ is: 'line', entry, text: makeLegible(redact(text)).slice(0, longest) }),
      onProgress: (pace) => send({ is: 'progress', entry, pace }),
      onCommit: (xid) => this.#mayCommit(xid),
    });
    const { job } = this;
    const { pid } = this.#work;
    this.#around.log.info({ job, kind: work.kind, by: work.requestedBy, pid }, 'job started');
    if (this.#isCancelled || this.#isDraining) this.#work.cancel();
    this.#finish(await this.#work.ended);
  }

  #mayCommit(xid: string): Promise<boolean> {
    return new Promise((resolve) => {
      const answer = (allowed: boolean) => {
        clearTimeout(timer);
        this.#answers.delete(xid);
        resolve(allowed);
      };
      const timer = setTimeout(() => answer(false), commitLimit);
      this.#answers.set(xid, answer);
      this.#ask(false);
    });
  }

  #finish(ending: WorkEnding): void {
    if (this.#state === 'gone') return;
    this.#state = 'ended';
    const { exitCode, signal } = ending;
    if (!ending.isUnbegun)
      this.#around.log.info({ job: this.job, exitCode, signal }, 'process of a job ended');
    this.#ending = this.#isDraining ? { ...ending, isDrained: true } : ending;
    this.#ask(false);
    this.#around.onChange();
  }
}
