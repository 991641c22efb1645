// What happens to a sync with new ids at one of its requests: each row has its mapping, each mapping its row.
import { setTimeout } from 'node:timers/promises';
import { dataDiff } from '../../../lib/commands/data-diff.ts';
import { dataSync } from '../../../lib/commands/data-sync.ts';
import { Problem } from '../../../lib/problem/problem.ts';
import { contextOf } from '../../copy/cloning.ts';
import { type Database, rowsOf, withPair } from '../../servers/databases.ts';
import { proxyTo } from '../../servers/proxy.ts';
import type { Server } from '../../servers/server.ts';
import { data, legacy, modern } from '../ids-scene.ts';
import { countTrial, type FaultCounts, noCounts } from './fault-campaign.ts';

const change = `begin; insert into companies select n, 'C' || n, n from generate_series(20, 29) n;
  insert into customers select n, 'N' || n, 'n@x.org', n from generate_series(20, 29) n; commit;
  insert into orders select n + 200, n, n from generate_series(20, 29) n; delete from orders where id = 100;
  update customers set company = 20 where id = 11`;
const lonely = `select (select count(*) from migration.id_map m where not exists (select from companies k where k.id = m.uuid)
    and not exists (select from users u where u.id = m.uuid))::int as mappings,
  (select count(*) from (select id from companies union all select id from users) r
    where not exists (select from migration.id_map m where m.uuid = r.id))::int as rows,
  (select count(*) from orders where legacy_id is null)::int as orders, (select count(*) from users)::int as users`;
const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'pgmage' and datname = current_database()`;
const others = `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
  and backend_type = 'client backend'`;

interface Ends {
  readonly source: Database;
  readonly target: Database;
  /** Rows of a batch; undefined: one transaction. */
  readonly batch: number | undefined;
}

const inputOf = ({ batch }: Ends) => ({
  from: 'source',
  to: 'target',
  yes: true,
  jobs: 1,
  ...(batch && { batch }),
});

/** Strikes requests of one run after the other. @param step from one request that is struck to the next */
export async function strikeIds(
  server: Server,
  batch: number | undefined,
  step: number,
  counts: FaultCounts = noCounts(),
): Promise<FaultCounts> {
  const what = `ids, ${batch ? `batches of ${batch}` : 'one transaction'}: the session is terminated during a request of the target`;
  await withPair(server, server, async (source, target) => {
    await rowsOf(source.url, `${legacy}; ${change}`);
    for (let at = 1, going = true; going; at += step) {
      await rowsOf(
        target.url,
        `drop schema public cascade; drop schema if exists migration, pgmage cascade; create schema public; ${modern}`,
      );
      const { struck, came, wrong } = await strike({ source, target, batch }, at);
      going = struck;
      const all = wrong.map((one) => `${what}, request ${at}: ${one}`);
      if (going) countTrial(counts, { what, came, wrong: all });
      else counts.wrong.push(...all);
    }
  });
  return counts;
}

async function strike(ends: Ends, at: number) {
  const { source, target, batch } = ends;
  const input = inputOf(ends);
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
  await using struck = contextOf(source.url, proxy.url, { data, pause });
  const outcome = await dataSync(struck, input, undefined).then(
    () => 'done',
    (thrown: unknown) => (thrown instanceof Problem ? 'failed' : `no problem: ${thrown}`),
  );
  await proxy.close();
  while ((await rowsOf(target.socket, others)).length > 0) await setTimeout(20);
  const { users, wrong } = await findLonely(target, 'afterwards');
  if (!/^(done|failed)$/.test(outcome)) wrong.push(outcome);
  await using workspace = contextOf(source.url, target.url, { data });
  await dataSync(workspace, { ...input, ...(batch && { resume: true }) }, undefined);
  const left = await dataDiff(workspace, { from: 'source', to: 'target' });
  if (!left.isSame) wrong.push('the next run does not make it equal');
  wrong.push(...(await findLonely(target, 'after the next run')).wrong);
  const came = `${outcome}, ${users === 2 ? 'no' : users === 12 ? 'all' : 'some'} new rows`;
  return { struck: proxy.struck(), came, wrong };
}

async function findLonely({ url }: Database, when: string): Promise<{ users: number; wrong: string[] }> {
  const [found] = await rowsOf<Record<'mappings' | 'rows' | 'orders' | 'users', number>>(url, lonely);
  const { users = 0, ...alone } = found ?? {};
  const wrong = Object.entries(alone).filter(([, count]) => count > 0);
  return { users, wrong: wrong.map(([name, count]) => `${count} ${name} without a counterpart ${when}`) };
}
