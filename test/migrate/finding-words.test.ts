// The words of what the rows of a database say to a plan.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { sync } from '../../lib/commands/sync.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

/** A database that has a schema and rows, and another schema that is wanted. */
const scene = (old: string, rows: string, wanted: string, work: (own: Project) => Promise<void>) =>
  withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(old);
      await sync(own.context, { yes: true }, undefined);
      await rowsOf(url, rows);
      own.want(wanted);
      await work(own);
    }),
  );

const users = 'create table users (id int primary key, phone text)';
const filled = `insert into users select n, nullif('n' || n, 'n7') from generate_series(1, 5000) n`;

test('db:diff counts the rows of a label that goes, and of values that cannot be converted', async () => {
  const enumOf = (labels: string) =>
    `create type mood as enum (${labels}); create table a (id int primary key, mood mood)`;
  await scene(
    enumOf(`'sad', 'ok'`),
    `insert into a values (1, 'ok'), (2, 'sad'), (3, null)`,
    enumOf(`'ok'`),
    async (own) => {
      const { findings } = await difference(own.context);
      expect(findings.map(({ words, answer }) => [words, answer])).toEqual([
        ["a value of mood that its type no longer has: 'sad'", { found: 1, total: 3, sample: 'id = 2' }],
      ]);
    },
  );
  await scene(
    users,
    `insert into users values (1, '1'), (2, 'x13')`,
    users.replace('text', 'int'),
    async (own) => {
      const { findings } = await difference(own.context);
      expect(findings.map(({ words, answer }) => [words, answer])).toEqual([
        ['a value of phone that does not become integer', { found: 1, total: 2, sample: 'id = 2' }],
      ]);
    },
  );
});

test('a check that stands for a NOT NULL for a short time has no statement in messages', () =>
  scene(users, filled, users.replace('phone text', 'phone text not null'), async (own) => {
    for (const online of [true, false]) {
      const { message } = await failure(sync(own.context, { yes: true, online }, undefined));
      expect(message).not.toContain('pgmage_');
      expect(message.includes('SET NOT NULL')).toBe(!online);
    }
  }));
