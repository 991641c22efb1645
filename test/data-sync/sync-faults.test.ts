// Whatever happens in the middle of a sync: the target is as it was, or it has the rows of the source.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { contextOf } from '../copy/cloning.ts';
import { withPair } from '../copy/ways.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import { type Moment, proxyTo, type Strike } from '../servers/proxy.ts';
import { anyServer } from '../servers/running.ts';
import { step, thorough } from '../thorough.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const server = anyServer();
const tables = `create table p (id int primary key, name text); create table c (id int primary key,
    p int not null references p on delete cascade, u int not null unique); create table n (v int);
  create function f() returns trigger language plpgsql as 'begin new.name = upper(new.name); return new; end';
  create trigger shout before insert or update on p for each row execute function f();
  insert into p select n, 'P' || n from generate_series(1, 300) n;
  insert into c select n, n % 300 + 1, n from generate_series(1, 900) n; insert into n values (1), (1), (2)`;
const change = `alter table p disable trigger shout; update p set name = 'changed' where id % 7 = 0;
  delete from p where id = 300; insert into p values (301, 'new'); insert into n values (2);
  update c set u = u + 5000; update c set u = (u + 1) % 5000 where id < 100; alter table p enable trigger shout`;
const rows = `select (select md5(string_agg(p::text, ',' order by id)) from p) as p,
  (select md5(string_agg(c::text, ',' order by id)) from c) as c,
  (select string_agg(v::text, ',' order by v) from n) as n,
  (select string_agg(concat(tgname, tgenabled), ',' order by tgname) from pg_trigger
    where not tgisinternal and tgrelid = 'p'::regclass) as t,
  (select count(*)::int from pg_constraint where conrelid in ('p'::regclass, 'c'::regclass)) as k`;

const terminate = ({ socket }: Database) =>
  rowsOf(
    socket,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'pgmage' and datname = current_database()`,
  );

const faults: Readonly<Record<string, (moment: Moment, struck: Database) => Omit<Strike, 'at'>>> = {
  'the network is cut': (moment) => ({ moment, do: (cut) => cut() }),
  'the session is terminated': (moment, struck) => ({
    moment,
    do: async () => {
      await setTimeout(moment === 'during' ? 5 : 0);
      await terminate(struck);
    },
  }),
};
const moments: readonly Moment[] = thorough ? ['before', 'during', 'after'] : ['during', 'after'];
const trials = Object.keys(faults).flatMap((fault) =>
  moments.flatMap((moment) => (['source', 'target'] as const).map((side) => [fault, moment, side] as const)),
);

test.each(trials)('%s %s a request of the %s', async (fault, moment, side) => {
  const found = new Map<string, number>();
  await withPair(server, server, async (source, target) => {
    await rowsOf(source.url, `${tables}; ${change}`);
    const [wanted] = await rowsOf(source.url, rows);
    for (let at = 1, going = true; going; at += step(13)) {
      await rowsOf(target.url, `drop schema public cascade; create schema public; ${tables}`);
      const [before] = await rowsOf(target.url, rows);
      const struck = side === 'source' ? source : target;
      const strike = faults[fault]?.(moment, struck) as Omit<Strike, 'at'>;
      const proxy = await proxyTo(struck.url, { at, ...strike });
      const urls = side === 'source' ? [proxy.url, target.url] : [source.url, proxy.url];
      const pause = async () => {
        throw new Problem('interrupted', { state: 'It is not tried again.' });
      };
      const root = mkdtempSync(join(tmpdir(), 'pgmage-faults-'));
      await using workspace = contextOf(urls[0] as string, urls[1] as string, { pause, root });
      const options = { from: 'source', to: 'target', yes: true, force: true, jobs: 1 };
      const outcome = await dataSync(workspace, options, undefined).then(
        () => 'done',
        (thrown: unknown) => {
          expect(thrown).toBeInstanceOf(Problem);
          return (thrown as Problem).code;
        },
      );
      await proxy.close();
      await vi.waitFor(async () => expect(await othersOn(target)).toEqual([]), 20_000);
      const [now] = await rowsOf(target.url, rows);
      const isSame = (one: unknown) => JSON.stringify(one) === JSON.stringify(now);
      const state = isSame(before) ? 'unchanged' : isSame(wanted) ? 'complete' : 'WRONG';
      if (outcome === 'done') expect(now).toEqual(wanted);
      going = proxy.struck();
      if (going) found.set(`${outcome}, ${state}`, (found.get(`${outcome}, ${state}`) ?? 0) + 1);
    }
  });
  const told = [...found].map(([key, times]) => `${key}: ${times}`).join('; ');
  process.stdout.write(`${fault} ${moment} a request of the ${side}: ${told}\n`);
  expect(found.size).toBeGreaterThan(0);
  expect([...found.keys()].filter((key) => key.endsWith('WRONG'))).toEqual([]);
});

const othersOn = (target: Database) =>
  rowsOf(
    target.socket,
    `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
       and backend_type = 'client backend'`,
  );
