// The process: its words, streams, clock and exit code, given to the runner.
import { makeLogLegible, makeTextLegible } from './problem/legible.ts';
import { redact, rememberSecret } from './problem/redact.ts';
import { endPrograms, endProgramsOn } from './programs/running.ts';
import { run } from './runner/main.ts';

let finished = false;

// A reader that has seen enough (`pgmage db:diff | head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  unwritten(error);
});

// A full disk cuts the result short: that is a failure.
function unwritten(error: Error): never {
  finished = true;
  write(`Cannot write to standard output: ${error.message}\n`);
  process.exit(1);
}

// All that people read of a process passes here or at `print`.
function write(text: string): void {
  process.stderr.write(makeLogLegible(text, process.stderr.isTTY === true));
}

// A password on the command line is in the list of processes for as long as this one runs, unless it gets
// another title.
for (const word of process.argv.slice(2)) rememberSecret(word.replace(/^--[\w-]+=/, ''));
const shownWords = process.argv.slice(2).map(redact);
if (shownWords.join() !== process.argv.slice(2).join()) process.title = ['pgmage', ...shownWords].join(' ');

process.on('exit', endPrograms);
endProgramsOn(onInterrupt);

process.on('exit', () => {
  if (finished) return;
  write('A task never finished: it waits for itself, or for nothing.\n');
  process.exitCode = 1;
});

// Undo functions for things that this run created outside of the process.
const undos = new Set<() => Promise<unknown>>();
// The time in milliseconds that a server has to do so.
const patience = 5_000;

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

// Work that has no end of its own, and ends by Ctrl-C.
const stops = new Set<() => void>();

function onStop(stop: () => void): () => void {
  stops.add(stop);
  return () => stops.delete(stop);
}

async function interrupt(signal: NodeJS.Signals): Promise<void> {
  const code = codes[signal as keyof typeof codes];
  if (stops.size > 0 && signal === 'SIGINT') {
    for (const stop of stops) stop();
    // A second interrupt does not wait for the end.
    stops.clear();
    return;
  }
  // A second interrupt ends the process at once.
  if (finished) process.exit(code);
  finished = true;
  write('\nInterrupted. ');
  setTimeout(() => process.exit(code), patience);
  const ended = await Promise.allSettled([...undos].map((undo) => undo()));
  const states = ended.flatMap((one) => (one.status === 'fulfilled' && one.value ? [String(one.value)] : []));
  const usual = 'What was not committed was rolled back. Run the command again when you are ready.';
  write(`${states.join(' ') || usual}\n`);
  for (const one of ended) if (one.status === 'rejected') write(`${(one.reason as Error).message}\n`);
  process.exit(code);
}

process.on('SIGINT', interrupt);

// Only while there is something to undo: left alone, these end the process even where it is busy.
function onInterrupt(undo: () => Promise<unknown>): () => void {
  if (undos.size === 0) process.on('SIGTERM', interrupt).on('SIGHUP', interrupt);
  undos.add(undo);
  return () => {
    undos.delete(undo);
    if (undos.size === 0) process.off('SIGTERM', interrupt).off('SIGHUP', interrupt);
  };
}

// A line that the next one takes the place of.
let drawn = false;
function draw(line: string | null): void {
  if (finished || (line === null && !drawn)) return;
  process.stderr.write('\r\x1b[2K');
  if (line !== null) write(line.replaceAll('\n', ' '));
  drawn = line !== null;
}

const ask = async (question: string) => (await import('./runner/prompt.ts')).askYesNo(question);
const choose = async (question: string, answers: readonly string[]) =>
  (await import('./runner/prompt.ts')).askWhich(question, answers);

void run({
  words: process.argv.slice(2),
  cwd: process.cwd(),
  variables: process.env,
  terminal: process.stdout.isTTY ? process.stdout.columns : undefined,
  logsToTerminal: process.stderr.isTTY === true,
  now: () => new Date(),
  print: (text) => {
    draw(null);
    // A file or a program gets it as it is: SQL and JSON are data there.
    process.stdout.write(`${process.stdout.isTTY ? makeTextLegible(text) : text}\n`);
  },
  log: (text) => {
    draw(null);
    if (!finished) write(`${text}\n`);
  },
  ...(process.stderr.isTTY && { lastLine: { width: () => process.stderr.columns || 80, draw } }),
  onInterrupt,
  onStop,
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask, choose } : {}),
}).then((code) => {
  // The interrupt is already reported, so the task's own result is not.
  if (finished) return;
  finished = true;
  // Idle sockets and workers would keep the process alive; the output is flushed first.
  process.stdout.write('', (error) => {
    if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') unwritten(error);
    process.stderr.write('', () => process.exit(code));
  });
});
