// What happens to a sync at one of its requests, and what the run and its target are afterwards.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { dataSync } from '../../../lib/commands/data-sync.ts';
import { Problem } from '../../../lib/problem/problem.ts';
import type { Target } from '../../../lib/project/world.ts';
import { contextOf } from '../../copy/cloning.ts';
import { type Database, rowsOf } from '../../servers/databases.ts';
import { type Moment, proxyTo, type Strike } from '../../servers/proxy.ts';
import type { Stage } from './stage.ts';
import { lockForever, lockShortly, rewriteRows } from './writers.ts';

/** A kind of fault. */
export interface Fault {
  readonly name: string;
  readonly moment: Moment;
  readonly side: 'source' | 'target';
  /** Whether a lost connection is opened again. */
  readonly again: boolean;
  /** Whether the run has to succeed. */
  readonly passes: boolean;
}

const sides = ['source', 'target'] as const;
const moments = ['before', 'during', 'after'] as const;
const everywhere = (name: string, kinds: readonly Pick<Fault, 'again' | 'passes'>[]): Fault[] =>
  kinds.flatMap((kind) =>
    sides.flatMap((side) => moments.map((moment): Fault => ({ name, moment, side, ...kind }))),
  );
const once = { again: false, passes: false };
const tried = { again: true, passes: true };
const onTarget = { side: 'target', moment: 'before', again: false } as const;

/** All kinds; a campaign goes round and round through them. */
export const faults: readonly Fault[] = [
  ...everywhere('process killed', [once]),
  ...everywhere('session terminated', [once, tried]),
  ...everywhere('network cut', [once, tried]),
  ...everywhere('network frozen', [once]),
  ...sides.map((side): Fault => ({ name: 'older sessions frozen', moment: 'before', side, ...tried })),
  { name: 'another writer', ...onTarget, passes: true },
  { name: 'lock for a while', ...onTarget, passes: true },
  { name: 'lock that stays', ...onTarget, passes: false },
];

/** What came of a trial. */
export interface TrialEnd {
  /** `network cut after a request of the target, tried again`. */
  readonly what: string;
  /** The code of the problem, `done` or `killed`, and the state of the target. */
  readonly came: string;
  readonly wrong: readonly string[];
}

/** Strikes one request of a run. @returns null where the run has fewer requests */
export async function strikeAt(stage: Stage, fault: Fault, at: number): Promise<TrialEnd | null> {
  const target = await stage.target();
  const root = mkdtempSync(join(tmpdir(), 'pgmage-struck-'));
  try {
    const trial: Trial = { stage, fault, target, root, ports: () => [], kill() {}, release() {} };
    const struck = fault.side === 'source' ? stage.source : target;
    const proxy = await proxyTo(struck.url, { at, moment: fault.moment, do: strikeOf(trial) });
    trial.ports = proxy.ports;
    const urls = { source: stage.source.url, target: target.url, [fault.side]: proxy.url };
    const { code, changed } = await (fault.name === 'process killed' ? runProcess : runHere)(trial, urls);
    await trial.release();
    await proxy.close();
    const { is, wrong } = await stage.stateOf(target, root);
    if (!proxy.struck()) return null;
    const { name, moment, side, again, passes } = fault;
    return {
      what: `${name} ${moment} a request of the ${side}${again ? ', tried again' : ''}`,
      came: `${code}, ${is}`,
      wrong: [
        ...wrong,
        ...(code === 'done' && stage.differs && is === 'unchanged' ? ['a success that did not happen'] : []),
        ...(code === 'done' && stage.differs && changed === 0 ? ['the report has no changes'] : []),
        ...(passes && code !== 'done' && !isLocked(fault, code, is) ? [`${code} instead of done`] : []),
        ...(at % 5 === 0 ? await nextFaults(trial) : []),
      ].map((one) => `seed ${stage.seed}, request ${at}, ${name} ${moment} ${side}: ${one}`),
    };
  } finally {
    await target.drop();
    rmSync(root, { recursive: true, force: true });
  }
}

// A frozen session keeps its locks until its server ends it. Where constraints are dropped for a moment, the
// run waits for them, and gives up.
const isLocked = ({ name }: Fault, code: string, is: string) =>
  name === 'older sessions frozen' && code === 'lock_unavailable' && is === 'unchanged';

interface Trial {
  readonly stage: Stage;
  readonly fault: Fault;
  readonly target: Database;
  readonly root: string;
  /** The client ports of the run's sessions. */
  ports(): number[];
  /** Kills the process of the run. */
  kill(): Promise<void> | void;
  /** Ends what another session does. */
  release(): Promise<void> | void;
}

function strikeOf(trial: Trial): Strike['do'] {
  const { stage, fault, target } = trial;
  const hold = (lock: typeof lockForever) => async () => {
    trial.release = await lock(stage, target);
  };
  const strikes: Readonly<Record<string, Strike['do']>> = {
    'process killed': () => trial.kill(),
    'session terminated': async () => {
      await setTimeout(fault.moment === 'during' ? 3 : 0);
      await terminate(trial);
    },
    'network cut': (cut) => cut(),
    'network frozen': (_, freeze) => freeze(),
    'older sessions frozen': (_, freeze) => freeze(true),
    'another writer': () => rewriteRows(stage, target),
    'lock for a while': hold(lockShortly),
    'lock that stays': hold(lockForever),
  };
  return strikes[fault.name] as Strike['do'];
}

// Other trials have sessions on the same source.
const terminate = ({ stage, ports }: Trial) =>
  rowsOf(
    stage.server.socket(),
    `select pg_terminate_backend(pid) from pg_stat_activity
     where client_port = any ('{${ports().join(',')}}') and backend_type = 'client backend'`,
  ).then(() => undefined);

type Urls = Readonly<Record<'source' | 'target', string>>;

interface RunEnd {
  readonly code: string;
  /** Rows of the report; null: there is none. */
  readonly changed: number | null;
}

// Milliseconds that a silent session and a lock are waited for.
const [stallTimeout, lockTimeout] = [400, 150];

async function runHere({ stage, fault, root }: Trial, urls: Urls): Promise<RunEnd> {
  const environment = async (name = 'source'): Promise<Target> => ({
    name,
    url: urls[name as keyof Urls],
    protected: false,
    stallTimeout,
  });
  const pause = async () => {
    if (!fault.again) throw new Problem('interrupted', { state: 'It is not tried again.' });
  };
  const more = { root, stallTimeout, lockTimeout, pause, environment };
  await using workspace = contextOf(urls.source, urls.target, more);
  const jobs = 1 + (stage.seed % 2);
  const options = { from: 'source', to: 'target', yes: true, force: true, jobs };
  return dataSync(workspace, options, undefined).then(
    ({ run }) => ({ code: 'done', changed: run && run.inserted + run.updated + run.deleted }),
    (thrown: unknown) => ({
      code: thrown instanceof Problem ? thrown.code : `no problem: ${thrown}`,
      changed: null,
    }),
  );
}

const program = join(import.meta.dirname, '../../../bin/pgmage.cjs');

async function runProcess(trial: Trial, { source, target }: Urls): Promise<RunEnd> {
  const words = ['data:sync', '--from', source, '--to', target, '--yes', '--force', '--jobs', '1'];
  const child = spawn(process.execPath, [program, ...words], { cwd: trial.root, stdio: 'ignore' });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  trial.kill = async () => {
    child.kill('SIGKILL');
    await closed;
  };
  const code = await closed;
  return { code: code === null ? 'killed' : code === 0 ? 'done' : `code ${code}`, changed: null };
}

// The next run finds no lock, no rows and no file in its way.
async function nextFaults({ stage, fault, target, root }: Trial): Promise<string[]> {
  const ends: Trial = {
    stage,
    fault: { ...fault, again: false },
    target,
    root,
    ports: () => [],
    kill() {},
    release() {},
  };
  const { code } = await runHere(ends, { source: stage.source.url, target: target.url });
  const { is, wrong } = await stage.stateOf(target, root);
  return [
    ...(code === 'done' && (is !== 'unchanged' || !stage.differs) ? [] : [`the next run: ${code}, ${is}`]),
    ...wrong.map((one) => `after the next run: ${one}`),
  ];
}
