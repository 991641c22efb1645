// The process of one job: it does one work for the service that started it, and ends with that.
import { openProject } from '../config/project.ts';
import type { CopyProgress } from '../flow/progress.ts';
import type { Connection } from '../pg/connection.ts';
import { makeLegible } from '../problem/legible.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { redact } from '../problem/redact.ts';
import { endPrograms, endProgramsOn } from '../programs/running.ts';
import { openWorkspace } from '../project/workspace.ts';
import type { World } from '../project/world.ts';
import { makeProject, makeWorld } from '../runner/context.ts';
import { runWork } from './kinds.ts';
import { cancelledCode, type FromProcess, type ProcessWork, type ToProcess } from './messages.ts';
import { watchStorage } from './storage-room.ts';

// Undo functions for things that this run created outside of the process.
const undos = new Set<() => Promise<unknown>>();
// Milliseconds: for the undo functions, between two messages of progress, and for the answer to a COMMIT.
const [patience, interval, answer] = [1_500, 500, 15_000];

let isEnding = false;
// While a COMMIT is under way, its end decides.
let isCommitting = false;
let isCancelled = false;
let answered: ((xid: string, allowed: boolean) => void) | undefined;

const onInterrupt = (undo: () => Promise<unknown>) => {
  undos.add(undo);
  return () => void undos.delete(undo);
};
endProgramsOn(onInterrupt);
process.on('exit', endPrograms);
// The service ends the process; a signal of the terminal reaches both.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void cancel());
process.on('disconnect', () => void end(cancelledCode));
process.on('message', (message: ToProcess) => {
  if (message.is === 'start') void perform(message.work);
  else if (message.is === 'cancel') void cancel();
  else answered?.(message.xid, message.allowed);
});

function send(message: FromProcess): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });
}

async function perform(work: ProcessWork): Promise<void> {
  try {
    const folder = await openProject(work.root, work.version);
    const world = worldOf(work, folder);
    await using workspace = openWorkspace(makeProject(folder, work.version), world);
    const unwatch = watchStorage(workspace, work, (problem) => void stop(problem));
    const result = await runWork(workspace, work).finally(unwatch);
    if (isEnding) return;
    isEnding = true;
    await send({ is: 'done', result });
    process.exit(0);
  } catch (thrown) {
    if (isEnding) return;
    if (isCancelled) return void end(cancelledCode);
    isEnding = true;
    await send({ is: 'failed', problem: toProblem(thrown).toJSON() });
    process.exit(1);
  }
}

function worldOf(work: ProcessWork, folder: Parameters<typeof makeWorld>[0]): World {
  let last = 0;
  const progress = (message: string) => void send({ is: 'line', text: makeLegible(redact(message)) });
  const world = makeWorld(folder, {
    variables: process.env,
    now: () => new Date(),
    progress,
    show: progress,
    pace: (pace: CopyProgress) => {
      const now = performance.now();
      if (now - last < interval) return;
      last = now;
      void send({ is: 'progress', pace });
    },
    onInterrupt,
  });
  return {
    ...world,
    author: async () => {
      const author = await world.author?.();
      const systemUser = `pgmage serve: ${work.requestedBy}`;
      return { gitAuthor: null, gitCommit: null, ...author, systemUser };
    },
    pause,
    beforeCommit,
  };
}

// Between two tries, a cancel counts at once.
async function pause(milliseconds: number): Promise<void> {
  isCommitting = false;
  if (isCancelled) await end(cancelledCode);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// The service notes the transaction first, so that its end is known even if no process is left to tell it.
async function beforeCommit(connection: Connection): Promise<void> {
  const [row] = await connection.rows<{ xid: string }>(
    'select pg_catalog.xid8out(pg_catalog.pg_current_xact_id())::pg_catalog.text as xid',
  );
  const xid = row?.xid ?? '';
  isCommitting = true;
  const allowed = await new Promise<boolean>((resolve) => {
    // A late answer to an earlier transaction says nothing about this one.
    answered = (of, isAllowed) => {
      if (of === xid) resolve(isAllowed);
    };
    setTimeout(() => resolve(false), answer).unref();
    void send({ is: 'committing', xid });
  });
  if (allowed) return;
  isCommitting = false;
  if (isCancelled) await end(cancelledCode);
  throw new Problem('interrupted', { state: 'The service did not allow the commit. Nothing was changed.' });
}

async function cancel(): Promise<void> {
  isCancelled = true;
  if (!isCommitting) await end(cancelledCode);
}

// The service takes the problem for the end of the job when the process has ended.
async function stop(problem: Problem): Promise<void> {
  if (isEnding || isCommitting || isCancelled) return;
  await send({ is: 'failed', problem: problem.toJSON() });
  await end(1);
}

async function end(code: number): Promise<never> {
  if (isEnding) return new Promise(() => undefined);
  isEnding = true;
  setTimeout(() => process.exit(code), patience);
  await Promise.allSettled([...undos].map((undo) => undo()));
  process.exit(code);
}
