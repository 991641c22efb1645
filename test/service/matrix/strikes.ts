// The ways in which something happens to a part of a stage.
import { setTimeout } from 'node:timers/promises';
import { type Database, rowsOf } from '../../servers/databases.ts';
import type { Line } from '../../servers/line.ts';
import type { Server } from '../../servers/server.ts';
import type { RunningService, RunningWorker } from '../scene.ts';
import { busyOf, isOwnServer, processesOf, type Stage } from './stage.ts';

/** What a fault has done. */
export interface Blow {
  /** False: it met nothing. */
  readonly isHit: boolean;
  /** Ends a fault that goes on. It may be called more than once. */
  heal?(): Promise<unknown>;
}

/** How it is done. */
export interface Strike {
  /** Milliseconds that it lasts. */
  readonly lasts: number;
  /** True if there is something to strike now. */
  isReady(stage: Stage): boolean | Promise<boolean>;
  strike(stage: Stage): Promise<Blow>;
}

/** Milliseconds: longer than a program may be silent; than a process waits for its COMMIT; a moment. */
export const [long, middle, moment] = [36_000, 20_000, 4_000];

type Program = RunningService | RunningWorker;
type OfProgram = (stage: Stage) => Program | undefined;
type OfLines = (stage: Stage) => readonly (Line | null)[];

const hit: Blow = { isHit: true };

// Ends a fault after some time, or when the trial asks for it.
function healAfter(milliseconds: number, heal: () => unknown): Blow {
  let healed: Promise<unknown> | undefined;
  const once = () => {
    healed ??= Promise.resolve(heal());
    return healed;
  };
  const timer = globalThis.setTimeout(() => void once().catch(() => undefined), milliseconds);
  return {
    isHit: true,
    heal() {
      clearTimeout(timer);
      return once();
    },
  };
}

/** The service. */
export const service: OfProgram = (stage) => stage.service;
/** The worker that has the job. */
export const worker: OfProgram = ({ workers }) => workers.find((one) => processesOf(one).length > 0);
// With Redis, the jobs are at workers.
const isAtWork = (of: OfProgram) => (stage: Stage) =>
  stage.queue === 'redis' ? of(stage) !== undefined : processesOf(of(stage)).length > 0;

function end(of: OfProgram, signal: 'SIGKILL' | 'SIGTERM'): Strike {
  return {
    lasts: 0,
    isReady: isAtWork(of),
    async strike(stage) {
      const program = of(stage);
      const orphans = processesOf(program);
      await program?.stop(signal);
      await Promise.all([program?.start(), ...orphans.map((pid) => untilGone(pid))]);
      return { isHit: program !== undefined };
    },
  };
}

// A process of a job ends with its program.
async function untilGone(pid: number): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await setTimeout(20);
  }
  throw new Error(`the process ${pid} of a job outlives its program`);
}

const freezeProgram = (of: OfProgram, lasts: number): Strike => ({
  lasts,
  isReady: isAtWork(of),
  async strike(stage) {
    const program = of(stage);
    program?.signal('SIGSTOP');
    return { ...healAfter(lasts, () => program?.signal('SIGCONT')), isHit: program !== undefined };
  },
});

const signalJob = (signal: NodeJS.Signals, lasts = 0): Strike => ({
  lasts,
  isReady: (stage) => busyOf(stage) !== undefined,
  async strike(stage) {
    const pids = processesOf(busyOf(stage));
    const send = (one: NodeJS.Signals) => {
      for (const pid of pids)
        try {
          process.kill(pid, one);
        } catch {
          // It has ended meanwhile.
        }
    };
    send(signal);
    const blow = lasts === 0 ? hit : healAfter(lasts, () => send('SIGCONT'));
    return { ...blow, isHit: pids.length > 0 };
  },
});

const each = (lines: readonly (Line | null)[], work: (line: Line) => void) => {
  for (const line of lines) if (line !== null) work(line);
};
const isOpen = (of: OfLines) => (stage: Stage) => of(stage).some((line) => (line?.count() ?? 0) > 0);

const cut = (of: OfLines): Strike => ({
  lasts: 1_500,
  isReady: isOpen(of),
  async strike(stage) {
    const isHit = isOpen(of)(stage);
    each(of(stage), (line) => line.cut());
    await setTimeout(1_500);
    each(of(stage), (line) => line.mend());
    return { isHit };
  },
});

/** Lines that let no byte pass for some time. */
export const freezeLines = (of: OfLines, lasts: number): Strike => ({
  lasts,
  isReady: isOpen(of),
  async strike(stage) {
    const isHit = isOpen(of)(stage);
    each(of(stage), (line) => line.freeze());
    return { ...healAfter(lasts, () => each(of(stage), (line) => line.mend())), isHit };
  },
});

type End = 'source' | 'target';

const own = (names: string) => `application_name like '${names}' and pid <> pg_backend_pid()`;

// The sessions of jobs on the server of a database.
async function countSessions({ url }: Database): Promise<number> {
  return (await rowsOf(url, `select pid from pg_stat_activity where ${own('pgmage')}`)).length;
}

async function terminate(url: string, names: string): Promise<Blow> {
  const sql = `select pg_terminate_backend(pid) from pg_stat_activity where ${own(names)}`;
  return { isHit: (await rowsOf(url, sql)).length > 0 };
}

async function restart(server: Server | null): Promise<Blow> {
  if (server === null || !isOwnServer(server)) throw new Error('the server belongs to other tests, too');
  await server.restart();
  return hit;
}

/** Strikes at a database server, and at the line to it. */
export const ofEnd = (end: End): Readonly<Record<string, Strike>> => {
  const isReady = async (stage: Stage) => (await countSessions(stage[end])) > 0;
  const lines: OfLines = (stage) => [stage.lines[end]];
  return {
    killed: { lasts: 0, isReady, strike: ({ servers }) => restart(servers[end]) },
    terminated: { lasts: 0, isReady, strike: (stage) => terminate(stage[end].url, 'pgmage') },
    cut: cut(lines),
    frozen: freezeLines(lines, middle),
  };
};

const always = () => true;
const both: OfLines = ({ lines }) => [lines.service, lines.workers];

/** Strikes at a queue in PostgreSQL. */
export const ofPostgres: Readonly<Record<string, Strike>> = {
  killed: { lasts: 0, isReady: always, strike: ({ servers }) => restart(servers.queue) },
  terminated: {
    lasts: 0,
    isReady: always,
    strike: ({ servers }) => terminate(servers.queue?.url() ?? '', 'pgmage%'),
  },
  cut: cut(both),
  frozen: freezeLines(both, long),
};

const redisStrike = (
  lasts: number,
  strike: (redis: NonNullable<Stage['redis']>) => Promise<Blow>,
): Strike => ({
  lasts,
  isReady: always,
  async strike({ redis }) {
    if (redis === null) throw new Error('there is no Redis');
    return strike(redis);
  },
});

/** Strikes at a queue in Redis. */
export const ofRedis: Readonly<Record<string, Strike>> = {
  'killed and started empty': redisStrike(500, async (redis) => {
    await redis.kill();
    await setTimeout(500);
    await redis.start();
    return hit;
  }),
  'killed for long': redisStrike(long, async (redis) => {
    await redis.kill();
    return healAfter(long, () => redis.start());
  }),
  terminated: redisStrike(0, async (redis) => {
    const ended = await redis.ask((client) =>
      client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
    );
    return { isHit: Number(ended) > 0 };
  }),
  emptied: redisStrike(0, async (redis) => {
    await redis.ask((client) => client.flushall());
    return hit;
  }),
  cut: cut(both),
  'frozen for a moment': redisStrike(moment, async (redis) => {
    redis.freeze();
    return healAfter(moment, () => redis.thaw());
  }),
  'frozen for long': redisStrike(long, async (redis) => {
    redis.freeze();
    return healAfter(long, () => redis.thaw());
  }),
};

/** A program that starts again only after its jobs are lost. */
export const killForLong = (of: OfProgram): Strike => ({
  lasts: long,
  isReady: isAtWork(of),
  async strike(stage) {
    const program = of(stage);
    await program?.stop('SIGKILL');
    return { ...healAfter(long, () => program?.start()), isHit: program !== undefined };
  },
});

/** Strikes at a program, and at its line to the queue. */
export const ofProgram = (
  of: OfProgram,
  line: OfLines | null,
  lasts: number,
): Readonly<Record<string, Strike>> => ({
  killed: end(of, 'SIGKILL'),
  terminated: end(of, 'SIGTERM'),
  ...(line !== null && { cut: cut(line) }),
  frozen: freezeProgram(of, lasts),
  ...(line !== null && { 'behind a frozen line': freezeLines(line, lasts) }),
});
/** The line of the service to the queue. */
export const lineOfService: OfLines = ({ lines }) => [lines.service];
/** The line of the workers to the queue. */
export const lineOfWorkers: OfLines = ({ lines }) => [lines.workers];
/** Strikes at the process of a job. */
export const ofJob = {
  killed: signalJob('SIGKILL'),
  terminated: signalJob('SIGTERM'),
  frozen: signalJob('SIGSTOP', middle),
};
