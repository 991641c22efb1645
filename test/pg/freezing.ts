// Works through a way that freezes at some point: what each ends with, how soon, and what it leaves.
import { expect } from 'vitest';
import { Problem } from '../../lib/problem/problem.ts';
import { thorough } from '../thorough.ts';
import { type Freezing, type Frozen, frozenWay, type Passed } from './frozen.ts';

/** Milliseconds of every session that is frozen. */
export const stallTimeout = 500;
// The limit, a question to the server, three more tries of two seconds each, and what a busy machine adds.
const longest = 40_000;
// Where in the work it freezes: a share of all that passes, or at its last COMMIT.
/** A point of a work. */
export type Point = number | 'COMMIT unheard' | 'COMMIT unanswered' | 'new sessions pass';
const points: readonly Point[] = [0.02, 0.2, 0.5, 0.8, 0.97, 'COMMIT unheard', 'COMMIT unanswered'];

/** A work that one trial freezes, with what it works on. */
export interface Trial {
  /** The URL that is frozen. */
  readonly url: string;
  run(url: string): Promise<unknown>;
  /** Expects nothing in between; says which of the states it is. */
  state(): Promise<'unchanged' | 'complete' | 'recorded'>;
  drop(): Promise<void>;
}

/** A work, and what of it freezes. */
export interface Task {
  readonly name: string;
  readonly side: string;
  /** What freezes in `npm test`; left out: nothing. */
  readonly usual?: Point;
  readonly more?: readonly Point[];
  /** Whether its last COMMIT is one that changes something. */
  readonly commits: boolean;
  /** What it says of its first COMMIT instead, where the number of others varies. */
  readonly like?: RegExp;
  begin(): Promise<Trial>;
}

// What a work through a way ends with, and after how long.
async function endOf(trial: Trial, way: Frozen): Promise<{ thrown: unknown; seconds: number }> {
  const began = performance.now();
  const there = new URL(way.url);
  there.searchParams.set('connect_timeout', thorough ? '2' : '1');
  const thrown = await trial.run(there.href).then(
    () => null,
    (error: unknown) => error,
  );
  return { thrown, seconds: (performance.now() - began) / 1000 };
}

// What passes where nothing freezes.
async function measured(task: Task): Promise<Passed> {
  const trial = await task.begin();
  const way = await frozenWay(trial.url);
  try {
    expect((await endOf(trial, way)).thrown).toBe(null);
    return way.passed();
  } finally {
    await way.close();
    await trial.state().finally(trial.drop);
  }
}

function freezingAt({ like, commits: writes }: Task, point: Point, passed: Passed): Freezing {
  const { bytes } = passed;
  if (typeof point === 'number') return { after: point * bytes };
  if (point === 'new sessions pass') return { after: bytes / 2, keepsNew: true };
  const heard = point === 'COMMIT unanswered';
  if (like !== undefined) return { commit: { at: 1, heard, like } };
  // A try that is lost on a busy machine reads once more what it is to do.
  return { commit: { at: writes ? passed.writes : passed.commits, heard, writes } };
}

// On a busy machine the server is asked more often whether it is still there, so that more passes.
const measures = 5;

// Freezes once. Gives what came of it, and after how many seconds.
async function frozenAt(task: Task, point: Point, known: Passed): Promise<[string, number]> {
  let passed = known;
  for (let at = 0; at < measures; at++) {
    const found = await frozenOnce(task, point, passed);
    if (Array.isArray(found)) return found;
    passed = found;
  }
  throw new Error(`${task.name}, ${task.side}, ${point}: it ended before its freeze, ${measures} times`);
}

// Gives what passed where it ended before its freeze.
async function frozenOnce(task: Task, point: Point, known: Passed): Promise<[string, number] | Passed> {
  const trial = await task.begin();
  const way = await frozenWay(trial.url, freezingAt(task, point, known));
  const what = `${task.name}, ${task.side}, ${point}`;
  try {
    const { thrown, seconds } = await endOf(trial, way);
    if (!way.isFrozen()) {
      expect(thrown, what).toBe(null);
      return way.passed();
    }
    expect(seconds * 1000, what).toBeLessThan(longest);
    if (point !== 'new sessions pass') {
      expect(thrown, what).toBeInstanceOf(Problem);
      const { code, message, data, hint } = thrown as Problem<'connection_lost'>;
      expect([code, message], what).toEqual(['connection_lost', `Lost the connection to ${task.side}`]);
      expect(data.detail, what).toContain(way.place);
      expect(hint, what).toMatch(
        data.unanswered ? /did not answer COMMIT/ : /rolls back the open transaction/,
      );
      if (task.commits && typeof point !== 'number') expect(data.unanswered, what).toBe('COMMIT');
    } else expect(thrown, what).toBe(null);
    // Only now can the server notice it: what is frozen here answers for its clients.
    await way.close();
    const state = await trial.state();
    if (state !== 'recorded' && task.commits)
      expect(state, what).toBe(
        point === 'COMMIT unanswered' || point === 'new sessions pass' ? 'complete' : 'unchanged',
      );
    return [state, seconds];
  } finally {
    await way.close();
    await trial.drop();
  }
}

/** Tries all points of a task, or the usual one, and prints what came of it. */
export async function tried(task: Task): Promise<void> {
  const known = await measured(task);
  const found = new Map<string, number>();
  let most = 0;
  const all = thorough
    ? [...points, ...(task.more ?? [])]
    : [task.usual].filter((point) => point !== undefined);
  for (const point of all) {
    const [state, seconds] = await frozenAt(task, point, known);
    found.set(state, (found.get(state) ?? 0) + 1);
    most = Math.max(most, seconds);
  }
  const told = [...found].map(([state, times]) => `${state}: ${times}`).join('; ');
  process.stdout.write(
    `${all.length} trials: ${task.name}, the network to ${task.side} goes silent: ${told}; at most` +
      ` ${most.toFixed(1)} s\n`,
  );
}
