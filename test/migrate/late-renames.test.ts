// A rename that is asked for after a file that drops the old name was written.
import { readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { sync } from '../../lib/commands/sync.ts';
import { generateText } from '../../lib/report/migrations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true, force: true } as const;
const old = 'create table customers (id int primary key, vip2 boolean);';
const rename = ['customers.vip2=vip3'];
const paper = { width: 200, uncut: true, colour: false, now: new Date(0) };
let cache: string;
let own: Project;
let database: Database;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  own = project(database.url, cache);
  own.want(old);
  await sync(own.context, yes, undefined);
  own.want(old.replace('vip2', 'vip3'));
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const pathOf = (name: string) => join(own.context.project.root, 'migrations', name);

test('it is refused with the file to delete, which the report of db:generate names, too', async () => {
  const first = await generate(own.context);
  const [, file = ''] = own.files();
  expect(generateText(first, paper)).toContain(
    `If you renamed it, delete migrations/${file} and run the command again with --rename:`,
  );
  for (const run of [
    () => generate(own.context, { rename }),
    () => sync(own.context, { ...yes, rename }, undefined),
  ]) {
    const refused = await failure(run());
    expect([refused.code, refused.message]).toEqual([
      'bad_option',
      `Bad option --rename ${rename}: migrations/${file} drops the old name. If no database has that` +
        ' migration, delete the file first',
    ]);
  }
  rmSync(pathOf(file));
  await generate(own.context, { rename });
  const [, renaming = ''] = own.files();
  expect(readFileSync(pathOf(renaming), 'utf8')).toContain('RENAME COLUMN vip2 TO vip3');
  // What is done already is no mistake.
  expect((await sync(own.context, { yes: true, rename }, undefined)).applied).toHaveLength(1);
  expect((await generate(own.context, { rename })).written).toEqual([]);
});

test('a column of that name in another table is another one', async () => {
  await generate(own.context, { rename });
  own.want(`${old.replace('vip2', 'vip3')} create table orders (id int primary key, vip2 boolean);`);
  await generate(own.context);
  own.want(`${old.replace('vip2', 'vip3')} create table orders (id int primary key);`);
  await generate(own.context);
  expect((await sync(own.context, { ...yes, rename }, undefined)).applied).toHaveLength(3);
});
