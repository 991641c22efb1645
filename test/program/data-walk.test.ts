// A stranger keeps two databases in sync: first sync, changes, diff, sync, report, history, undo, schedule.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newest, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import { makeProject } from './project.ts';

const tables = `create table users (id int primary key, name text not null);
  create table orders (id serial primary key, by int not null references users on delete cascade, total numeric(12, 2))`;
const all = `select (select json_agg(u order by id) from users u) as users,
  (select json_agg(o order by id) from orders o) as orders`;

test('the walk, with processes of the program', { timeout: 300_000 }, async () => {
  await withPair(newest, newest, async (source, target) => {
    const project = await makeProject();
    try {
      project.write({
        'package.json': '{}',
        '.env.legacy': `DATABASE_URL=${source.url}`,
        '.env.prod': `DATABASE_URL=${target.url}`,
      });
      await rowsOf(
        source.url,
        `${tables}; insert into users select n, 'user ' || n from generate_series(1, 100) n;
         insert into orders (by, total) select n % 100 + 1, n from generate_series(1, 400) n`,
      );
      await rowsOf(target.url, tables);
      const way = '--from legacy --to prod';
      const refused = await project.pgmage(`data:sync ${way} --yes`);
      expect(refused.log).toContain('--confirm prod');
      const first = await project.pgmage(`data:sync ${way} --confirm prod --yes`);
      expect(first).toMatchObject({ code: 0 });
      expect(first.out).toContain('500 inserted, 0 updated, 0 deleted. 2 tables are equal.');
      await rowsOf(
        source.url,
        `update users set name = 'Ann' where id = 1; delete from users where id = 100;
         insert into orders (by, total) values (1, 7.50)`,
      );
      const before = await rowsOf(target.url, all);
      const diff = await project.pgmage(`data:diff ${way} --check`);
      expect(diff).toMatchObject({ code: 2, out: expect.stringContaining('1 missing, 1 changed, 5 extra') });
      // As the line of cron in the guide says.
      const hourly = `data:sync ${way} --confirm prod --yes --log sync.jsonl --out report.md`;
      const second = await project.pgmage(hourly);
      expect(second).toMatchObject({ code: 0 });
      expect(second.out).toContain('1 inserted, 1 updated, 5 deleted. 2 tables are equal.');
      expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
      const read = (file: string) => readFileSync(join(project.root, file), 'utf8');
      const log = JSON.parse(read('sync.jsonl')) as { run: { id: string; inserted: number } };
      expect(log.run.inserted).toBe(1);
      expect(read('report.md')).toContain('| public.orders | 397 | 1 | 0 | 4 | 0 | yes |');
      expect(read('report.md')).toContain('- Success rate: 100.00 % (7 of 7 rows)');
      const history = await project.pgmage('data:history --env prod');
      expect(history.out).toMatch(new RegExp(`${log.run.id.slice(0, 8)} .*done, undo possible`));
      const undo = await project.pgmage(`data:undo ${log.run.id.slice(0, 8)} --env prod --yes`);
      expect(undo).toMatchObject({
        code: 0,
        out: expect.stringContaining(`Run ${log.run.id} is taken back`),
      });
      expect(await rowsOf(target.url, all)).toEqual(before);
      const audit = `select outcome, mode, inserted::int, deleted::int from pgmage.data_runs where outcome = 'done' order by entry`;
      expect(await rowsOf(target.url, audit)).toEqual([
        { outcome: 'done', mode: 'transaction', inserted: 500, deleted: 0 },
        { outcome: 'done', mode: 'transaction', inserted: 1, deleted: 5 },
        { outcome: 'done', mode: 'undo', inserted: 5, deleted: 1 },
      ]);
    } finally {
      project.remove();
    }
  });
});
