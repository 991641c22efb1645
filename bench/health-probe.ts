// Asks a service for its health, over and over, in a process of its own: other work of the bench would
// count.
import { spawn } from 'node:child_process';

// It waits 50 ms between two requests, and prints how long each took when its input ends.
const script = `
  const times = [];
  let isStopped = false;
  process.stdin.on('end', () => { isStopped = true; }).resume();
  while (!isStopped) {
    const start = performance.now();
    const answer = await fetch(process.argv[1]);
    await answer.text();
    if (!answer.ok) throw new Error('status ' + answer.status);
    times.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.stdout.write(JSON.stringify(times), () => process.exit(0));`;

/** A probe that runs. */
export interface HealthProbe {
  /** Ends it. @returns how long each answer took, in milliseconds */
  stop(): Promise<readonly number[]>;
}

/** Starts a probe of an address. */
export function probeHealth(url: string): HealthProbe {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => {
    text += piece;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    async stop() {
      child.stdin.end();
      if ((await ended) !== 0) throw new Error(`${url} failed`);
      return JSON.parse(text) as number[];
    },
  };
}

/** The value below which so many of a hundred are. */
export function percentile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * of) / 100) - 1)] ?? Number.NaN;
}
