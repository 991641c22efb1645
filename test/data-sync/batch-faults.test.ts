// Whatever happens in the middle of a sync in batches: whole batches are in the target, the record has their
// rows, --resume makes both sides equal, and data:undo takes all of it back.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { dataHistory } from '../../lib/commands/data-history.ts';
import { type DataSyncInput, dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { contextOf } from '../copy/cloning.ts';
import { withPair } from '../copy/ways.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import { type Moment, proxyTo, type Strike } from '../servers/proxy.ts';
import { anyServer } from '../servers/running.ts';
import { step, thorough } from '../thorough.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const server = anyServer();
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
const state = `select (select json_object_agg('p' || id, p) from p) as p, (select json_object_agg('c' || id, c) from c) as c,
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

/** How many rows of a state are not as in another one. */
function countChanged(before: State, now: State): number {
  const [a, b] = [before, now].map(({ p, c }) => ({ ...p, ...c }) as Readonly<Record<string, unknown>>);
  const keys = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  const rows = [...keys].filter((key) => textOf(a?.[key]) !== textOf(b?.[key])).length;
  return rows + Math.abs(now.n.length - before.n.length);
}

/** Each row is the old one or the new one; triggers and constraints are there. */
function expectWhole(before: State, wanted: State, now: State): void {
  expect([now.t, now.k]).toEqual([before.t, before.k]);
  for (const part of ['p', 'c'] as const)
    for (const key of new Set([...Object.keys(before[part]), ...Object.keys(now[part])]))
      expect([before[part][key], wanted[part][key]].map(textOf)).toContain(textOf(now[part][key]));
}

const othersOn = (target: Database) =>
  rowsOf(
    target.socket,
    `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
       and backend_type = 'client backend'`,
  );

/** What the record says that was changed. */
async function recordedRows({ url }: Database): Promise<number> {
  const there = await rowsOf<{ there: boolean }>(
    url,
    `select to_regclass('pgmage.data_runs') is not null as there`,
  );
  if (!there[0]?.there) return 0;
  const [row] = await rowsOf<{ rows: number }>(
    url,
    `select coalesce(sum(rows), 0)::int as rows from (select distinct on (id) inserted + updated + deleted as rows
       from pgmage.data_runs where outcome in ('batch', 'done') order by id, entry desc) one`,
  );
  return row?.rows ?? 0;
}

type Fault = (moment: Moment, struck: Database) => Omit<Strike, 'at'>;

const terminate = ({ socket }: Database) =>
  rowsOf(
    socket,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'pgmage' and datname = current_database()`,
  );

const faults = {
  'the network is cut': (moment) => ({ moment, do: (cut) => cut() }),
  'the session is terminated': (moment, struck) => ({
    moment,
    do: async () => {
      await setTimeout(moment === 'during' ? 5 : 0);
      await terminate(struck);
    },
  }),
} satisfies Record<string, Fault>;

interface Trial {
  readonly source: Database;
  readonly target: Database;
  readonly root: string;
}

const workspaceOf = ({ source, target, root }: Trial, urls = [source.url, target.url], again = true) =>
  contextOf(urls[0] as string, urls[1] as string, {
    root,
    ...(!again && {
      pause: async () => {
        throw new Problem('interrupted', { state: 'It is not tried again.' });
      },
    }),
  });

const options: DataSyncInput = { from: 'source', to: 'target', yes: true, force: true, jobs: 1, batch };

/** Checks what an interruption left, finishes, and takes everything back. */
async function finish(trial: Trial, before: State, wanted: State): Promise<string> {
  const { target } = trial;
  await vi.waitFor(async () => expect(await othersOn(target)).toEqual([]), 20_000);
  const now = await stateOf(target);
  expectWhole(before, wanted, now);
  const done = countChanged(before, now);
  expect(await recordedRows(target)).toBe(done);
  await using workspace = workspaceOf(trial);
  const { run } = await dataSync(workspace, { ...options, resume: true }, undefined);
  expect(await stateOf(target)).toEqual(wanted);
  const rows = (one: { inserted: number; updated: number; deleted: number } | null | undefined) =>
    one === null || one === undefined ? 0 : one.inserted + one.updated + one.deleted;
  const all = countChanged(before, wanted);
  expect(rows(run)).toBe(all - done);
  if (done < all) expect(rows(run?.resumes)).toBe(done);
  const { runs } = await dataHistory(workspace, { env: 'target' });
  for (const one of runs.filter(({ mode, canUndo }) => mode !== 'undo' && canUndo))
    if (rows(one) > 0)
      await dataUndo(workspace, one.id, { env: 'target', yes: true, force: true }, undefined);
  expect(await stateOf(target)).toEqual(before);
  return done === 0 ? 'nothing' : done === all ? 'all' : 'some batches';
}

async function inTrials(
  what: string,
  stride: number,
  work: (trial: Trial, at: number) => Promise<{ outcome: string; struck: boolean }>,
  wanted = /some batches/,
): Promise<void> {
  const found = new Map<string, number>();
  await withPair(server, server, async (source, target) => {
    await rowsOf(source.url, `${tables}; ${change}`);
    const goal = await stateOf(source);
    for (let at = 1, going = true; going; at += stride) {
      await rowsOf(
        target.url,
        `drop schema public cascade; drop schema if exists pgmage cascade; create schema public; ${tables}`,
      );
      const before = await stateOf(target);
      const root = mkdtempSync(join(tmpdir(), 'pgmage-faults-'));
      try {
        const { outcome, struck } = await work({ source, target, root }, at);
        const key = `${outcome}, ${await finish({ source, target, root }, before, goal)} committed`;
        going = struck;
        if (going) found.set(key, (found.get(key) ?? 0) + 1);
      } finally {
        rmSync(root, { recursive: true });
      }
    }
  });
  const told = [...found].map(([key, times]) => `${key}: ${times}`).join('; ');
  process.stdout.write(`${what}: ${told}\n`);
  // Some trials are struck between the first and the last batch.
  expect([...found.keys()].join()).toMatch(wanted);
}

const moments: readonly Moment[] = thorough ? ['before', 'during', 'after'] : ['after'];
const trials = (Object.keys(faults) as (keyof typeof faults)[]).flatMap((fault) =>
  moments.flatMap((moment) =>
    (thorough ? (['source', 'target'] as const) : (['target'] as const)).map(
      (side) => [fault, moment, side] as const,
    ),
  ),
);

test.each(trials)('%s %s a request of the %s', async (fault, moment, side) => {
  await inTrials(`${fault} ${moment} a request of the ${side}`, step(61), async (trial, at) => {
    const struck = trial[side];
    const proxy = await proxyTo(struck.url, { at, ...faults[fault](moment, struck) });
    const urls = side === 'source' ? [proxy.url, trial.target.url] : [trial.source.url, proxy.url];
    await using workspace = workspaceOf(trial, urls, false);
    const outcome = await dataSync(workspace, options, undefined).then(
      () => 'done',
      (thrown: unknown) => {
        expect(thrown).toBeInstanceOf(Problem);
        return (thrown as Problem).code;
      },
    );
    await proxy.close();
    return { outcome, struck: proxy.struck() };
  });
});

test.each(moments)('the network is cut %s a request of the target, and it is tried again', async (moment) => {
  const what = `the network is cut ${moment} a request of the target, and it is tried again`;
  await inTrials(
    what,
    step(97),
    async (trial, at) => {
      const proxy = await proxyTo(trial.target.url, { at, moment, do: (cut) => cut() });
      await using workspace = workspaceOf(trial, [trial.source.url, proxy.url]);
      const { run } = await dataSync(workspace, options, undefined);
      await proxy.close();
      return { outcome: run?.resumes ? 'done by two runs' : 'done', struck: proxy.struck() };
    },
    /done by two runs/,
  );
});

test.each(moments)('the process is killed %s a request of the target', async (moment) => {
  await inTrials(`the process is killed ${moment} a request of the target`, step(61), async (trial, at) => {
    const child: { is: ChildProcess | null } = { is: null };
    const proxy = await proxyTo(trial.target.url, {
      at,
      moment,
      do: () => void child.is?.kill('SIGKILL'),
    });
    const victim = join(import.meta.dirname, 'batch-victim.ts');
    const words = ['--import', 'tsx', victim, trial.source.url, proxy.url, trial.root, String(batch)];
    const ended = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.is = spawn(process.execPath, words, { stdio: 'inherit' });
      child.is.on('close', (code, signal) => resolve({ code, signal }));
    });
    await proxy.close();
    expect(ended).toEqual(proxy.struck() ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null });
    return { outcome: ended.signal ?? 'done', struck: proxy.struck() };
  });
});
