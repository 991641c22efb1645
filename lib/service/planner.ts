// Works that a request waits for, each in a process of its own: plans, and the status of a database.
import { Problem } from '../problem/problem.ts';
import { type RunningWork, startWork, type WorkEnding } from './child.ts';
import { describeEnd } from './endings.ts';
import type { ProcessWork } from './messages.ts';
import type { ServiceSurroundings } from './surroundings.ts';

/** Runs works that requests wait for: two at a time, and equal ones once. */
export interface Planner {
  /**
   * Runs a work.
   * @throws Problem of its command; `internal` if its process ended without an answer
   */
  run(work: Pick<ProcessWork, 'does' | 'kind' | 'parameters' | 'requestedBy'>): Promise<unknown>;
  stop(): Promise<void>;
}

const most = 2;

type WaitedWork = Parameters<Planner['run']>[0];

/** Opens the planner of a service. */
export function openPlanner(surroundings: ServiceSurroundings): Planner {
  const running = new Set<RunningWork>();
  const shared = new Map<string, Promise<unknown>>();
  const places = limit(most);
  const perform = (given: WaitedWork) =>
    places(async () => {
      const work = startWaitedWork(surroundings, given);
      running.add(work);
      return answerOf(await work.ended.finally(() => running.delete(work)));
    });
  return {
    run(work) {
      const key = JSON.stringify([work.does, work.kind, work.parameters]);
      const known = shared.get(key) ?? perform(work).finally(() => shared.delete(key));
      shared.set(key, known);
      return known;
    },
    async stop() {
      for (const work of running) work.cancel();
      await Promise.all([...running].map((work) => work.ended));
    },
  };
}

function startWaitedWork({ project, settings }: ServiceSurroundings, work: WaitedWork): RunningWork {
  const { root, version } = project;
  const { backups, jobMemory } = settings;
  return startWork({ ...work, agreed: null, backups, storage: null, root, version }, jobMemory);
}

function answerOf(ending: WorkEnding): unknown {
  if (ending.result !== null) return ending.result.value;
  if (ending.problem !== null) throw reviveProblem(ending.problem);
  throw new Problem('internal', { reason: describeEnd(ending) });
}

// So many works at a time; the others wait.
function limit(free: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

// Data that `Problem.toJSON` wrote.
function reviveProblem(json: Readonly<Record<string, unknown>>): Problem {
  const { code, data, where } = json as unknown as Pick<Problem, 'code' | 'data' | 'where'>;
  return new Problem(code, data, { where });
}
