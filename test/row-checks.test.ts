// What the rows of a database say to a plan before it runs: counted, shown, and refused where it is certain to fail.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../lib/operations/generation.ts';
import { sync } from '../lib/operations/sync.ts';
import { syncPlanText } from '../lib/report/migrations.ts';
import { failure } from './failure.ts';
import { freshCache } from './migration/cache.ts';
import { type Project, withProject } from './migration/project.ts';
import { rowsOf, withDatabase } from './servers/databases.ts';
import { anyServer } from './servers/running.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const paper = { width: 80, uncut: true, colour: false, now: new Date(0) };

/** A database that has a schema and rows, and another schema that is wanted. */
async function scene(
  old: string,
  rows: string,
  wanted: string,
  work: (own: Project, url: string) => Promise<void>,
): Promise<void> {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(old);
      await sync(own.context, { yes: true }, undefined);
      await rowsOf(url, rows);
      own.want(wanted);
      await work(own, url);
    }),
  );
}

const users = 'create table users (id int primary key, phone text)';
const filled = `insert into users select n, nullif('n' || n, 'n7') from generate_series(1, 5000) n`;

test('a NOT NULL that rows do not fit is refused before anything is written or changed', () =>
  scene(users, filled, `${users.replace('phone text', 'phone text not null')}`, async (own, url) => {
    const before = own.files();
    for (const online of [true, false]) {
      const problem = await failure(sync(own.context, { yes: true, online }, undefined));
      expect(problem).toMatchObject({ code: 'rows_in_the_way', exitCode: 1 });
      expect(problem.message).toContain('1 of 5,000 rows of users has no phone, for example id = 7');
      expect(own.files()).toEqual(before);
    }
    await rowsOf(url, `update users set phone = 'x' where phone is null`);
    expect((await sync(own.context, { yes: true }, undefined)).applied).toHaveLength(1);
  }));

test('a migration that corrects the rows itself is not refused', () =>
  scene(users, filled, users.replace('phone text', 'phone text not null'), async (own) => {
    const { written } = await generate(own.context, { empty: true });
    own.write(
      (written[0]?.file ?? '').replace(/^migrations\//, ''),
      `-- Up Migration\nupdate users set phone = '' where phone is null;\nALTER TABLE public.users ALTER COLUMN phone SET NOT NULL;\n-- Down Migration\nALTER TABLE public.users ALTER COLUMN phone DROP NOT NULL;\n`,
    );
    let text = '';
    const report = await sync(own.context, {}, async (plan) => {
      text = syncPlanText(plan, paper);
      return true;
    });
    expect(report.applied).toHaveLength(1);
    expect(text).toContain('  1 of 5,000 rows of users has no phone, for example id = 7\n');
  }));
