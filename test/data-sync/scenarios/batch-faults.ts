// What happens to a sync in batches at one of its requests: whole batches are in the target, the record has
// their rows, --resume makes both sides equal, and data:undo takes all of it back.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { dataHistory } from '../../../lib/commands/data-history.ts';
import { type DataSyncInput, dataSync } from '../../../lib/commands/data-sync.ts';
import { dataUndo } from '../../../lib/commands/data-undo.ts';
import { Problem } from '../../../lib/problem/problem.ts';
import { contextOf } from '../../copy/cloning.ts';
import { type Database, rowsOf, withPair } from '../../servers/databases.ts';
import { type Moment, proxyTo } from '../../servers/proxy.ts';
import type { Server } from '../../servers/server.ts';
import { countTrial, type FaultCounts, noCounts } from './fault-campaign.ts';

const batch = 60;
const tables = `create table p (id int primary key, name text); create table c (id int primary key,
    p int not null references p on delete cascade, u int not null unique); create table n (v int);
  create function f() returns trigger language plpgsql as 'begin new.name = upper(new.name); return new; end';
  create trigger shout before insert or update on p for each row execute function f();
  insert into p select n, 'P' || n from generate_series(1, 100) n;
  insert into c select n, n % 100 + 1, n from generate_series(1, 200) n; insert into n values (1), (1), (2)`;
const change = `alter table p disable trigger shout; update p set name = 'changed' where id % 3 = 0;
  delete from p where id in (99, 100); insert into p select n, 'new' from generate_series(101, 150) n;
  insert into c select n, n - 100, n from generate_series(201, 250) n where n - 100 not in (99, 100);
  update c set u = u + 5000 where id < 50; update c set u = (u - 5000) % 49 + 1 where id < 50; insert into n values (2), (7); alter table p enable trigger shout`;
const state = `select (select json_object_agg('p' || id, p order by id) from p) as p, (select json_object_agg('c' || id, c order by id) from c) as c,
  (select json_agg(v order by v) from n) as n,
  (select string_agg(concat(tgname, tgenabled), ',' order by tgname) from pg_trigger
    where not tgisinternal and tgrelid = 'p'::regclass) as t,
  (select count(*)::int from pg_constraint where conrelid in ('p'::regclass, 'c'::regclass)) as k`;

interface State {
  readonly p: Readonly<Record<string, unknown>>;
  readonly c: Readonly<Record<string, unknown>>;
  readonly n: readonly number[];
  readonly t: string;
  readonly k: number;
}

const stateOf = async ({ url }: Database) => (await rowsOf(url, state))[0] as unknown as State;
const textOf = (one: unknown) => JSON.stringify(one) ?? '';
const isSame = (a: unknown, b: unknown) => textOf(a) === textOf(b);

/** A kind of fault. */
export interface BatchFault {
  readonly name: 'the network is cut' | 'the session is terminated' | 'the process is killed';
  readonly moment: Moment;
  readonly side: 'source' | 'target';
  /** Whether the run tries again by itself. */
  readonly again: boolean;
}

const moments: readonly Moment[] = ['before', 'during', 'after'];

/** All kinds. */
export const batchFaults: readonly BatchFault[] = moments.flatMap((moment): BatchFault[] => [
  ...(['source', 'target'] as const).flatMap((side): BatchFault[] => [
    { name: 'the network is cut', moment, side, again: false },
    { name: 'the session is terminated', moment, side, again: false },
  ]),
  { name: 'the network is cut', moment, side: 'target', again: true },
  { name: 'the process is killed', moment, side: 'target', again: false },
]);

/** What a kind of fault is called. */
export const nameFault = ({ name, moment, side, again }: BatchFault): string =>
  `batches: ${name} ${moment} a request of the ${side}${again ? ', tried again' : ''}`;

interface Trial {
  readonly source: Database;
  readonly target: Database;
  readonly root: string;
  readonly before: State;
  readonly wanted: State;
}

/** Strikes requests of one run after the other. @param step from one request that is struck to the next */
export async function strikeBatches(
  server: Server,
  fault: BatchFault,
  step: number,
  counts: FaultCounts = noCounts(),
): Promise<FaultCounts> {
  await withPair(server, server, async (source, target) => {
    await rowsOf(source.url, `${tables}; ${change}`);
    const wanted = await stateOf(source);
    for (let at = 1, going = true; going; at += step) {
      const fresh = `drop schema public cascade; drop schema if exists pgmage cascade; create schema public; ${tables}`;
      await rowsOf(target.url, fresh);
      const root = mkdtempSync(join(tmpdir(), 'pgmage-faults-'));
      try {
        const trial: Trial = { source, target, root, before: await stateOf(target), wanted };
        const { outcome, struck, wrong } = await strike(trial, fault, at);
        const end = await finish(trial);
        going = struck;
        const what = nameFault(fault);
        const all = [...wrong, ...end.wrong].map((one) => `${what}, request ${at}: ${one}`);
        if (going) countTrial(counts, { what, came: `${outcome}, ${end.came} committed`, wrong: all });
        else counts.wrong.push(...all);
      } finally {
        rmSync(root, { recursive: true });
      }
    }
  });
  return counts;
}

interface Struck {
  readonly outcome: string;
  readonly struck: boolean;
  readonly wrong: readonly string[];
}

const options: DataSyncInput = { from: 'source', to: 'target', yes: true, force: true, jobs: 1, batch };

const workspaceOf = ({ source, target, root }: Trial, urls = [source.url, target.url], again = true) =>
  contextOf(urls[0] as string, urls[1] as string, {
    root,
    ...(!again && {
      pause: async () => {
        throw new Problem('interrupted', { state: 'It is not tried again.' });
      },
    }),
  });

const terminate = ({ socket }: Database) =>
  rowsOf(
    socket,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'pgmage' and datname = current_database()`,
  );

async function strike(trial: Trial, fault: BatchFault, at: number): Promise<Struck> {
  const { moment, side } = fault;
  const struck = trial[side];
  let kill = () => {};
  const proxy = await proxyTo(struck.url, {
    at,
    moment,
    do: async (cut) => {
      if (fault.name === 'the network is cut') cut();
      else if (fault.name === 'the process is killed') kill();
      else {
        await setTimeout(moment === 'during' ? 5 : 0);
        await terminate(struck);
      }
    },
  });
  const urls = side === 'source' ? [proxy.url, trial.target.url] : [trial.source.url, proxy.url];
  const { outcome, wrong } = await (fault.name === 'the process is killed'
    ? runProcess(trial, urls, (how) => {
        kill = how;
      })
    : runHere(trial, urls, fault));
  await proxy.close();
  const isDone = /^done/.test(outcome);
  const lies =
    isDone && fault.name === 'the process is killed' && proxy.struck() ? ['it was not killed'] : [];
  const ends = !isDone && !proxy.struck() ? [`${outcome} without a fault`] : [];
  return { outcome, struck: proxy.struck(), wrong: [...wrong, ...lies, ...ends] };
}

async function runHere(trial: Trial, urls: string[], { again }: BatchFault): Promise<Omit<Struck, 'struck'>> {
  await using workspace = workspaceOf(trial, urls, again);
  return dataSync(workspace, options, undefined).then(
    ({ run }) => ({ outcome: run?.resumes ? 'done by two runs' : 'done', wrong: [] }),
    (thrown: unknown) => {
      const code = thrown instanceof Problem ? thrown.code : `no problem: ${thrown}`;
      const isWrong = again || !(thrown instanceof Problem);
      return { outcome: code, wrong: isWrong ? [`${code} instead of done`] : [] };
    },
  );
}

const victim = join(import.meta.dirname, '../batch-victim.ts');

async function runProcess(
  { root }: Trial,
  urls: readonly string[],
  onKill: (kill: () => void) => void,
): Promise<Omit<Struck, 'struck'>> {
  const words = ['--import', 'tsx', victim, ...urls, root, String(batch)];
  const ended = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    const child = spawn(process.execPath, words, { stdio: 'inherit' });
    onKill(() => child.kill('SIGKILL'));
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const isFailed = ended.signal === null && ended.code !== 0;
  return {
    outcome: ended.signal ?? (isFailed ? `code ${ended.code}` : 'done'),
    wrong: isFailed ? [`it ended with code ${ended.code}`] : [],
  };
}

// What an interruption left; then the run is finished, and everything taken back.
async function finish(trial: Trial): Promise<{ came: string; wrong: string[] }> {
  const { target, before, wanted } = trial;
  await quiet(target);
  const now = await stateOf(target);
  const [done, all] = [countChanged(before, now), countChanged(before, wanted)];
  const recorded = await recordedRows(target);
  const wrong = [
    ...findTorn(trial, now),
    ...(recorded === done ? [] : [`the record has ${recorded} rows instead of ${done}`]),
  ];
  const came = done === 0 ? 'nothing' : done === all ? 'all' : 'some batches';
  await using workspace = workspaceOf(trial);
  const { run } = await dataSync(workspace, { ...options, resume: true }, undefined);
  if (!isSame(await stateOf(target), wanted)) wrong.push('--resume does not make it equal');
  if (rowsIn(run) !== all - done) wrong.push(`--resume tells ${rowsIn(run)} rows instead of ${all - done}`);
  if (done < all && rowsIn(run?.resumes) !== done)
    wrong.push(`--resume went on after ${rowsIn(run?.resumes)} rows instead of ${done}`);
  const { runs } = await dataHistory(workspace, { env: 'target' });
  for (const one of runs.filter(({ mode, canUndo }) => mode !== 'undo' && canUndo))
    if (rowsIn(one) > 0)
      await dataUndo(workspace, one.id, { env: 'target', yes: true, force: true }, undefined);
  if (!isSame(await stateOf(target), before)) wrong.push('data:undo does not take it back');
  return { came, wrong };
}

const rowsIn = (one: { inserted: number; updated: number; deleted: number } | null | undefined) =>
  one === null || one === undefined ? 0 : one.inserted + one.updated + one.deleted;

/** How many rows of a state are not as in another one. */
function countChanged(before: State, now: State): number {
  const [a, b] = [before, now].map(({ p, c }) => ({ ...p, ...c }) as Readonly<Record<string, unknown>>);
  const keys = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  const rows = [...keys].filter((key) => !isSame(a?.[key], b?.[key])).length;
  return rows + Math.abs(now.n.length - before.n.length);
}

// Each row is the old one or the new one; triggers and constraints are there.
function findTorn({ before, wanted }: Trial, now: State): string[] {
  const torn = (['p', 'c'] as const).flatMap((part) =>
    [...new Set([...Object.keys(before[part]), ...Object.keys(now[part])])].filter(
      (key) => ![before, wanted].some((one) => isSame(one[part][key], now[part][key])),
    ),
  );
  return [
    ...torn.map((key) => `row ${key} is neither the old nor the new one`),
    ...(isSame([now.t, now.k], [before.t, before.k]) ? [] : ['triggers or constraints are others']),
  ];
}

async function quiet({ socket }: Database): Promise<void> {
  const others = `select pid from pg_stat_activity where datname = current_database()
    and pid <> pg_backend_pid() and backend_type = 'client backend'`;
  for (let waited = 0; waited < 20_000; waited += 20) {
    if ((await rowsOf(socket, others)).length === 0) return;
    await setTimeout(20);
  }
  throw new Error('sessions of the target do not end');
}

/** What the record says that was changed. */
async function recordedRows({ url }: Database): Promise<number> {
  const there = `select to_regclass('pgmage.data_runs') is not null as there`;
  const [record] = await rowsOf<{ there: boolean }>(url, there);
  if (!record?.there) return 0;
  const [row] = await rowsOf<{ rows: number }>(
    url,
    `select coalesce(sum(rows), 0)::int as rows from (select distinct on (id) inserted + updated + deleted as rows
       from pgmage.data_runs where outcome in ('batch', 'done') order by id, entry desc) one`,
  );
  return row?.rows ?? 0;
}
