// db:sync reads the target beside the shadow, in a session of its own.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const step = (own: Project) => sync(own.context, { yes: true, force: true }, undefined);

test('a role that may have one session only', () =>
  withDatabase(anyServer(), async ({ url, name }) => {
    const role = `single_${process.pid}`;
    await rowsOf(url, `create role ${role} login password 'x' connection limit 1`);
    await rowsOf(url, `alter database ${name} owner to ${role}`);
    const single = Object.assign(new URL(url), { username: role, password: 'x' });
    try {
      await withProject(single.href, cache, async (own) => {
        own.want('create schema s; create table s.a (id int);');
        expect((await step(own)).applied).toHaveLength(1);
        for (let times = 0; times < 3; times++) expect((await step(own)).applied).toEqual([]);
      });
    } finally {
      await rowsOf(url, `drop owned by ${role} cascade; alter database ${name} owner to current_user`);
      await rowsOf(url, `drop role ${role}`);
    }
  }));

test('a fault of the schema does not wait for a lock on the target', () =>
  withDatabase(anyServer(), async ({ url }) => {
    const reading = `select pid from pg_stat_activity where datname = current_database()
      and application_name = 'pgmage' and wait_event_type = 'Lock'`;
    await rowsOf(
      url,
      'create table t (id int); create view v as select id from t; create index on t ((id + 1))',
    );
    const other = await userSession({ url, applicationName: 'the holder' });
    await withProject(url, cache, async (own) => {
      // The shadow is started, so that it takes no time below.
      await compare(own.context, 'empty', 'empty');
      own.want('create tabl a (id int);');
      await other.execute('begin; lock table t');
      const begin = performance.now();
      const problem = await failure(step(own));
      expect(problem.code).toBe('invalid_sql');
      // The reading gives up after 10 s.
      expect(performance.now() - begin).toBeLessThan(5_000);
      const ends = () => rowsOf(url, reading).then((rows) => expect(rows).toEqual([]));
      await vi.waitFor(ends, { timeout: 5_000 });
      await other.close();
    });
  }));
