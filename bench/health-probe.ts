// Asks a service for its health, over and over, in a thread of its own; prints nothing.
import { setTimeout } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';

// Milliseconds between two requests.
const interval = 50;

/** A probe that runs. */
export interface HealthProbe {
  /** Ends it. @returns how long each answer took, in milliseconds */
  stop(): Promise<readonly number[]>;
}

/** Starts a probe of an address. */
export function probeHealth(url: string): HealthProbe {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url } });
  return {
    stop: () =>
      new Promise((resolve, reject) => {
        worker.once('error', reject).once('message', (times: number[]) => {
          resolve(times);
          void worker.terminate();
        });
        worker.postMessage('stop');
      }),
  };
}

/** The value below which so many of a hundred are. */
export function percentile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * of) / 100) - 1)] ?? Number.NaN;
}

async function ask(url: string): Promise<void> {
  const times: number[] = [];
  let isStopped = false;
  parentPort?.on('message', () => {
    isStopped = true;
  });
  while (!isStopped) {
    const start = performance.now();
    const answer = await fetch(url);
    await answer.text();
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
    times.push(performance.now() - start);
    await setTimeout(interval);
  }
  parentPort?.postMessage(times);
}

const { url } = (workerData ?? {}) as { readonly url?: string };
if (url !== undefined) await ask(url);
