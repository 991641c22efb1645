// One job under way in this service: its process, and what it tells.
import type { CopyProgress } from '../flow/progress.ts';
import { makeLegible } from '../problem/legible.ts';
import { redact } from '../problem/redact.ts';
import { type ProcessListener, type RunningWork, startWork, type WorkEnding } from './child.ts';
import { allowCommit, type TakenJob } from './claims.ts';
import { readCommitStatus } from './commit-status.ts';
import { describeEnd, type JobOutcome, judgeEnding, judgeLost } from './endings.ts';
import { readJob, setProgress } from './jobs.ts';
import type { ProcessWork } from './messages.ts';
import { describeLoss, describeReturn } from './process-names.ts';
import type { JobProgress } from './schemas.ts';
import type { JobHost } from './service.ts';
import { settle } from './settle.ts';
import type { StorageRule } from './storage.ts';

/** A job under way. */
export interface JobRun {
  readonly id: string;
  readonly kind: string;
  readonly pid: number | undefined;
  /** Settles when its end is written down. */
  readonly ended: Promise<void>;
  cancel(): void;
  /** Asks it to stop because the service stops. */
  drain(): void;
  /** Ends it at once: it is another service's by now. */
  abandon(): void;
}

/** The way to the process of a job. */
export type BeginWork = (work: ProcessWork, listener: ProcessListener) => RunningWork;

/** The place and the limits of a job that starts. */
export interface JobStart {
  readonly storage: StorageRule | null;
  /** Starts its process; left out: here. */
  readonly begin: BeginWork | undefined;
}

/** Starts a job that was taken. */
export function startJob(host: JobHost, job: TakenJob, { storage, begin }: JobStart): JobRun {
  const here: BeginWork = (work, listener) => startWork(work, host.settings.jobMemory, listener);
  return new OwnRun(host, job, { storage, begin: begin ?? here });
}

// Milliseconds between two tries to write an end down.
const pause = 1_000;
// Bytes of one line of a log.
const longest = 4_000;

class OwnRun implements JobRun {
  readonly id: string;
  readonly kind: string;
  readonly ended: Promise<void>;
  readonly #host: JobHost;
  readonly #job: TakenJob;
  readonly #work: RunningWork;
  // The events that are being written down, in order.
  #writes: Promise<unknown> = Promise.resolve();
  #xid: string | null;
  // The part of the work that it is at.
  #doing = '';
  #isCancelled: boolean;
  #isDraining = false;
  #isAbandoned = false;
  #isEnded = false;
  // The answer to its COMMIT that is being written down.
  #allowing: Promise<unknown> = Promise.resolve();

  constructor(host: JobHost, job: TakenJob, { storage, begin }: JobStart & { readonly begin: BeginWork }) {
    this.#host = host;
    this.#job = job;
    this.id = job.id;
    this.kind = job.kind;
    this.#xid = job.commitXid;
    this.#isCancelled = job.cancelAsked;
    const { project, settings } = host;
    const { kind, parameters, agreed, requestedBy } = job;
    const { root, version } = project;
    const { backups } = settings;
    const work = { kind, parameters, agreed, requestedBy, root, version, backups, storage };
    this.#work = begin(
      { does: 'job', ...work },
      {
        onLine: (text) => this.#note('line', { text: makeLegible(redact(text)).slice(0, longest) }),
        onProgress: (pace) => this.#noteProgress(describeProgress(pace)),
        onCommit: (xid) => this.#commit(xid),
      },
    );
    this.ended = this.#work.ended.then((ending) => this.#finish(ending));
  }

  get pid(): number | undefined {
    return this.#work.pid;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#work.cancel();
  }

  drain(): void {
    this.#isDraining = true;
    this.#work.cancel();
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#work.kill();
  }

  // The log has each part of the work, as a step with its time.
  #noteProgress(progress: JobProgress): void {
    if (progress.doing !== this.#doing) this.#note('line', { text: progress.doing });
    this.#doing = progress.doing;
    this.#note('progress', progress);
  }

  #note(type: 'line' | 'progress', data: JobProgress | { readonly text: string }): void {
    const { events, log } = this.#host;
    this.#writes = this.#writes
      .then(() =>
        events.change(async (session, note) => {
          await setProgress(session, this.id, 'text' in data ? { doing: data.text } : { progress: data });
          await note(this.id, type, { ...data });
        }),
      )
      .catch((thrown: Error) => log.warn({ job: this.id, reason: thrown.message }, 'event was not written'));
  }

  async #commit(xid: string): Promise<boolean> {
    if (this.#isEnded) return false;
    const { store, id: owner } = this.#host;
    const allowing = store.change((session) => allowCommit(session, { id: this.id, owner, xid }));
    this.#allowing = allowing.then(
      (allowed) => {
        if (allowed) this.#xid = xid;
      },
      () => undefined,
    );
    const isAllowed = await allowing;
    // The process may learn of the refusal before it learns of the cancel.
    if (!isAllowed && (await store.use((session) => readJob(session, this.id)))?.state === 'cancelling')
      this.cancel();
    return isAllowed;
  }

  async #finish(ending: WorkEnding): Promise<void> {
    this.#isEnded = true;
    await Promise.all([this.#writes, this.#allowing]);
    if (ending.isLeft) return;
    if (await this.#conclude(ending)) this.#work.release?.();
  }

  // False: its end is not written down, and the next service asks for it.
  async #conclude(ending: WorkEnding): Promise<boolean> {
    if (this.#isAbandoned) return true;
    const outcome = await this.#judge(ending);
    for (;;)
      try {
        if (await settle(this.#host, this.id, this.#host.id, outcome)) break;
        this.#host.log.warn({ job: this.id }, 'job belongs to another service by now');
        return true;
      } catch (thrown) {
        const reason = (thrown as Error).message;
        this.#host.log.error({ job: this.id, reason }, 'the end of a job was not written');
        if (this.#host.isStopping) return false;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    const state = outcome.is === 'over' ? outcome.state : outcome.is;
    this.#host.log.info({ job: this.id, kind: this.kind, state, by: this.#job.requestedBy }, 'job ended');
    return true;
  }

  async #tellOf({ isSilent, isUnbegun }: WorkEnding): Promise<void> {
    const { runner } = this.#job;
    if (isSilent) this.#note('line', { text: describeLoss(runner, this.#host.name) });
    if (isUnbegun) this.#note('line', { text: describeReturn(runner) });
    await this.#writes;
  }

  async #judge(ending: WorkEnding): Promise<JobOutcome> {
    const { to, kind, tries } = this.#job;
    const commit =
      this.#xid === null
        ? null
        : ending.result !== null
          ? 'committed'
          : await readCommitStatus(this.#host.world, to ?? '', this.#xid);
    const isCancelled = this.#isCancelled;
    const outcome = judgeEnding({ kind, tries, isCancelled, ending, commit });
    await this.#tellOf(ending);
    if (outcome.is !== 'lost') return outcome;
    const isDrained = this.#isDraining || ending.isDrained === true;
    const reason = isDrained ? 'the service was stopped' : describeEnd(ending);
    const lost = { id: this.id, kind, to, commitXid: this.#xid, cancelAsked: isCancelled };
    const repeats = { tries: isDrained ? 0 : tries, retryLost: this.#job.retryLost };
    return judgeLost({ ...lost, ...repeats }, commit, reason) ?? outcome;
  }
}

function describeProgress({ doing, name, unit, own, all, rate, secondsLeft }: CopyProgress): JobProgress {
  const whole = (count: { done: number; of: number }) => ({
    done: Math.round(count.done),
    of: Math.round(count.of),
  });
  return {
    doing,
    table: makeLegible(name),
    unit: unit ?? 'bytes',
    own: whole(own),
    all: whole(all),
    rate: Math.round(Number.isFinite(rate) ? rate : 0),
    secondsLeft,
  };
}
