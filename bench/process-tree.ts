// The memory of a process and of all that it has started.
import { readdirSync, readFileSync } from 'node:fs';

/** Bytes at one moment. */
export interface TreeMemory {
  /** The proportional share: pages that several processes have are counted once (manual: proc_pid_smaps). */
  readonly pss: number;
  readonly rss: number;
  readonly processes: number;
}

/** Watches a process and its children. */
export interface TreeWatch {
  /** The most of each, at any moment. */
  stop(): TreeMemory;
}

/** Looks at a process every so many milliseconds. @param pid is asked each time: it may start again */
export function watchTree(pid: () => number, interval = 500): TreeWatch {
  let most: TreeMemory = { pss: 0, rss: 0, processes: 0 };
  const look = () => {
    const now = measureTree(pid());
    most = {
      pss: Math.max(most.pss, now.pss),
      rss: Math.max(most.rss, now.rss),
      processes: Math.max(most.processes, now.processes),
    };
  };
  const timer = setInterval(look, interval);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}

/** The memory of a process with its children, now. */
export function measureTree(root: number): TreeMemory {
  const pids = descendants(root);
  const sum = (name: string) => pids.reduce((total, pid) => total + readMemory(pid, name), 0);
  return { pss: sum('Pss'), rss: sum('Rss'), processes: pids.length };
}

function descendants(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const);
  const found = [root];
  for (const pid of found) found.push(...parents.filter(([, parent]) => parent === pid).map(([own]) => own));
  return found;
}

function parentOf(pid: string): number {
  try {
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
  } catch {
    // It has ended.
    return -1;
  }
}

function readMemory(pid: number, name: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
