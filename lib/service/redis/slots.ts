// The places of a worker. Each holds one attempt of a job, from its offer until its end is noted.
import { makeLegible } from '../../problem/legible.ts';
import { type Problem, toProblem } from '../../problem/problem.ts';
import { redact } from '../../problem/redact.ts';
import type { Project } from '../../project/project.ts';
import { type RunningWork, startWork, type WorkEnding } from '../child.ts';
import type { ServiceLog } from '../log.ts';
import type { ProcessWork } from '../messages.ts';
import type { ServiceSettings } from '../settings.ts';
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
// Bytes of one line of a log.
const longest = 4_000;

/** A message of a worker without its sender. */
export type Letter = FromWorker extends infer M ? (M extends FromWorker ? Omit<M, 'worker'> : never) : never;

/** The surroundings of a slot. */
export interface SlotSurroundings {
  readonly project: Pick<Project, 'root' | 'version'>;
  readonly settings: Pick<ServiceSettings, 'backups' | 'maxStorage' | 'jobMemory'>;
  readonly host: string;
  readonly log: Pick<ServiceLog, 'info'>;
  /** @param isRepeated true: it is not needed while older messages wait */
  send(service: string, message: Letter, isRepeated?: boolean): void;
  /** Refuses a work that the worker's own configuration does not allow. */
  check(work: SentWork): Promise<Problem | null>;
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
    if (this.#state === 'asked') this.drop();
    else this.#work?.cancel();
  }

  hear(message: Exclude<ToWorker, { is: 'alive' }>): void {
    if (message.is === 'start') void this.#start(message.work);
    else if (message.is === 'commit') this.#answers.get(message.xid)?.(message.allowed);
    else if (message.is === 'cancel') this.cancel();
    else if (message.is === 'noted' || message.is === 'kill' || this.#state === 'asked') this.drop();
  }

  /** Repeats what was not answered, and ends a process that the service may take for lost. */
  tick(): void {
    const now = clock();
    if (this.#state === 'asked' && now - this.#since > takeLimit) this.drop();
    else if (this.#state !== 'gone' && now - this.#asked > repeat) this.#ask(true);
    if (this.#state !== 'running') return;
    const quiet = now - this.#acknowledged;
    if (quiet > silence.end) this.#work?.kill();
    else if (quiet > silence.stop) this.#work?.cancel();
  }

  #ask(isRepeated: boolean): void {
    this.#asked = clock();
    const { entry } = this;
    const { host } = this.#around;
    const send = (message: Letter) => this.#around.send(this.service, message, isRepeated);
    if (this.#state === 'asked') send({ is: 'take', entry, host });
    else if (this.#ending !== null) send({ is: 'ended', entry, ending: this.#ending });
    else for (const xid of this.#answers.keys()) send({ is: 'committing', entry, xid });
  }

  async #start(work: SentWork): Promise<void> {
    if (this.#state !== 'asked') return;
    this.#state = 'running';
    const refusal = await this.#around.check(work).catch(toProblem);
    // It was taken back meanwhile.
    if (this.isGone) return;
    if (refusal !== null) {
      const problem = JSON.parse(JSON.stringify(refusal)) as Record<string, unknown>;
      return this.#finish({ exitCode: 1, signal: null, failure: null, result: null, problem });
    }
    const { project, settings } = this.#around;
    const { root, version } = project;
    const { backups, maxStorage: limit } = settings;
    // The folder of this machine has its own limit.
    const storage = work.storage && { ...work.storage, limit };
    const whole: ProcessWork = { ...work, storage, root, version, backups };
    const send = (message: Letter) => this.#around.send(this.service, message);
    const { entry } = this;
    this.#work = startWork(whole, settings.jobMemory, {
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
    this.#around.log.info({ job: this.job, exitCode, signal }, 'process of a job ended');
    this.#ending = this.#isDraining ? { ...ending, isDrained: true } : ending;
    this.#ask(false);
    this.#around.onChange();
  }
}
