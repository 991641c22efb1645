// The process: its words, streams, clock and exit code, given to the runner.
import { run } from './runner/main.ts';

process.setSourceMapsEnabled(true);

// A reader that has seen enough (`pgmage db:diff | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

let finished = false;
process.on('exit', () => {
  if (finished) return;
  process.stderr.write('A task never finished: it waits for itself, or for nothing.\n');
  process.exitCode = 1;
});

process.on('SIGINT', () => {
  finished = true;
  process.stderr.write('\nInterrupted. What was not committed was rolled back.\n');
  process.exit(130);
});

void run({
  words: process.argv.slice(2),
  cwd: process.cwd(),
  variables: process.env,
  terminal: process.stdout.isTTY ? process.stdout.columns : undefined,
  now: () => new Date(),
  print: (text) => process.stdout.write(`${text}\n`),
  log: (text) => process.stderr.write(`${text}\n`),
}).then((code) => {
  finished = true;
  // Idle sockets and workers would keep the process for a while; what is written goes out first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
});
