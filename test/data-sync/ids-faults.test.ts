// Whatever happens in the middle of a sync with new ids: each row has its mapping, each mapping its row.
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { contextOf } from '../copy/cloning.ts';
import { withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import { proxyTo } from '../servers/proxy.ts';
import { anyServer } from '../servers/running.ts';
import { step } from '../thorough.ts';
import { data, legacy, modern } from './ids-scene.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const server = anyServer();
const change = `begin; insert into companies select n, 'C' || n, n from generate_series(20, 29) n;
  insert into customers select n, 'N' || n, 'n@x.org', n from generate_series(20, 29) n; commit;
  insert into orders select n + 200, n, n from generate_series(20, 29) n; delete from orders where id = 100;
  update customers set company = 20 where id = 11`;
const lonely = `select (select count(*) from migration.id_map m where not exists (select from companies k where k.id = m.uuid)
    and not exists (select from users u where u.id = m.uuid))::int as mappings,
  (select count(*) from (select id from companies union all select id from users) r
    where not exists (select from migration.id_map m where m.uuid = r.id))::int as rows,
  (select count(*) from orders where legacy_id is null)::int as orders`;
const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'pgmage' and datname = current_database()`;
const others = `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
  and backend_type = 'client backend'`;

test.each([
  ['one transaction', undefined],
  ['batches of 5', 5],
])('the session is terminated at requests of the target, %s', async (name, batch) => {
  const found = new Map<string, number>();
  await withPair(server, server, async (source, target) => {
    await rowsOf(source.url, `${legacy}; ${change}`);
    for (let at = 1, going = true; going; at += step(53)) {
      await rowsOf(
        target.url,
        `drop schema public cascade; drop schema if exists migration, pgmage cascade; create schema public; ${modern}`,
      );
      const proxy = await proxyTo(target.url, {
        at,
        moment: 'during',
        do: async () => {
          await setTimeout(3);
          await rowsOf(target.socket, terminate);
        },
      });
      const pause = async () => {
        throw new Problem('interrupted', { state: 'It is not tried again.' });
      };
      const input = { from: 'source', to: 'target', yes: true, jobs: 1, ...(batch && { batch }) };
      await using struck = contextOf(source.url, proxy.url, { data, pause });
      const outcome = await dataSync(struck, input, undefined).then(
        () => 'done',
        (thrown: unknown) => {
          expect(thrown).toBeInstanceOf(Problem);
          return 'failed';
        },
      );
      await proxy.close();
      await vi.waitFor(async () => expect(await rowsOf(target.socket, others)).toEqual([]), 20_000);
      expect(await rowsOf(target.url, lonely)).toEqual([{ mappings: 0, rows: 0, orders: 0 }]);
      const [{ n } = { n: 0 }] = await rowsOf<{ n: number }>(
        target.url,
        'select count(*)::int as n from users',
      );
      const key = `${outcome}, ${n === 2 ? 'no' : n === 12 ? 'all' : 'some'} new rows`;
      await using workspace = contextOf(source.url, target.url, { data });
      await dataSync(workspace, { ...input, ...(batch && { resume: true }) }, undefined);
      expect((await dataDiff(workspace, { from: 'source', to: 'target' })).isSame).toBe(true);
      expect(await rowsOf(target.url, lonely)).toEqual([{ mappings: 0, rows: 0, orders: 0 }]);
      going = proxy.struck();
      if (going) found.set(key, (found.get(key) ?? 0) + 1);
    }
  });
  const told = [...found].map(([key, times]) => `${key}: ${times}`).join('; ');
  process.stdout.write(`mappings, ${name}: ${told}\n`);
  expect(found.size).toBeGreaterThan(0);
});
