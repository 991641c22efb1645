// Runs the program several times in one process, each time as if it had just been started, because to start
// one takes longer than most of what a test looks at. Run as a process itself: RUNS holds the words of each
// run.
import { join } from 'node:path';

/** What stands between two runs in either stream. */
export const between = '\n--- next run ---\n';

if (process.argv[1] === import.meta.filename) {
  const program = join(import.meta.dirname, '../../lib/bin.ts');
  const exit = process.exit;
  const runs = JSON.parse(process.env.RUNS ?? '[]') as string[][];
  delete process.env.RUNS;
  for (const [at, words] of runs.entries()) {
    process.argv = [...process.argv.slice(0, 2), ...words];
    const ended = new Promise<void>((resolve) => {
      process.exit = (() => resolve()) as typeof process.exit;
    });
    // Another module for each, with a state of its own.
    await import(`${program}?${at}`);
    await ended;
    process.stdout.write(between);
    process.stderr.write(between);
  }
  process.stdout.write('', () => process.stderr.write('', () => exit(0)));
}
