// The process: its words, streams, clock and exit code, given to the runner.
import { makeLegible, makeLogLegible, makeTextLegible } from './problem/legible.ts';
import { redact, rememberSecret } from './problem/redact.ts';
import { makeEchoFilter } from './programs/echoes.ts';
import { endPrograms, endProgramsOn } from './programs/running.ts';
import { run } from './runner/main.ts';

let finished = false;
// The tasks that did their work.
const done: string[] = [];

// A reader that has seen enough (`pgmage db:diff | head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  unwritten(error);
});

// A full disk cuts the result short: that is a failure. What was changed stays changed.
function unwritten(error: Error): never {
  finished = true;
  const state = done.length > 0 ? `${done.join(', ')} finished. Only the report was not written.\n` : '';
  write(`Cannot write to standard output: ${error.message}\n${state}`);
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

const isEcho = makeEchoFilter(() => performance.now());

async function interrupt(signal: NodeJS.Signals): Promise<void> {
  if (isEcho()) return;
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
  const ends: UndoEnd[] = [...undos].map(() => ({}));
  const leave = (isLate: boolean) => {
    writeEnds(ends, isLate);
    process.exit(code);
  };
  setTimeout(leave, patience, true);
  const end = async (undo: () => Promise<unknown>, at: number) => {
    ends[at] = await undo().then(
      (text) => ({ text }),
      (error: Error) => ({ error }),
    );
  };
  await Promise.all([...undos].map(end));
  leave(false);
}

/** The end of an undo function; empty: it has not ended. */
interface UndoEnd {
  readonly text?: unknown;
  readonly error?: Error;
}

function writeEnds(ends: readonly UndoEnd[], isLate: boolean): void {
  const states = ends.flatMap(({ text }) => (text ? [String(text)] : []));
  const late =
    `A server did not answer within ${patience / 1000} s. It rolls back what was not committed.` +
    ' Check its state before you run the command again.';
  const usual = 'What was not committed was rolled back. Run the command again when you are ready.';
  if (isLate) states.push(late);
  write(`${states.join(' ') || usual}\n`);
  for (const { error } of ends) if (error) write(`${error.message}\n`);
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
  if (line !== null) write(makeLegible(line));
  drawn = line !== null;
}

const ask = async (question: string, colour: boolean) =>
  (await import('./runner/prompt.ts')).askYesNo(question, colour);
const choose = async (question: string, answers: readonly string[], colour: boolean) =>
  (await import('./runner/prompt.ts')).askWhich(question, answers, colour);

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
  noteDone: (task) => done.push(task),
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
