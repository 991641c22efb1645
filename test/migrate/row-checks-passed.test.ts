// Migrations that succeed on the rows of a database are not refused, whatever is asked of these before.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { sync } from '../../lib/commands/sync.ts';
import { syncPlanText } from '../../lib/report/migrations.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const paper = { width: 80, uncut: true, colour: false, now: new Date(0) };

/** A database of the newest server that has a schema and rows, and another schema that is wanted. */
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

test('a migration that corrects the rows itself is not refused', () =>
  scene(users, filled, users.replace('phone text', 'phone text not null'), async (own) => {
    const { written } = await generate(own.context, { empty: true });
    own.write(
      (written[0]?.file ?? '').replace(/^migrations\//, ''),
      `-- Up Migration\nupdate users set phone = '' where phone is null;\nALTER TABLE public.users` +
        ` ALTER COLUMN phone SET NOT NULL;\n-- Down Migration\nALTER TABLE public.users ALTER` +
        ` COLUMN phone DROP NOT NULL;\n`,
    );
    let text = '';
    const report = await sync(own.context, {}, async (plan) => {
      text = syncPlanText(plan, paper);
      return true;
    });
    expect(report.applied).toHaveLength(1);
    expect(text).toContain('  1 of 5,000 rows of users has no phone, for example id = 7\n');
  }));

const corrections: readonly (readonly [what: string, sql: string])[] = [
  ['by a USING', `alter table users alter phone type text using coalesce(phone, '')`],
  [
    'by another column',
    `alter table users drop phone; alter table users add phone text default ''; alter table users` +
      ' alter phone drop default',
  ],
  [
    'by columns that change names',
    `alter table users rename phone to former; alter table users add phone text default '';
      alter table users alter phone drop default; alter table users drop former`,
  ],
];

test.each(corrections)('a migration that corrects the rows %s is not refused', (_, sql) =>
  scene(users, filled, users.replace('phone text', 'phone text not null'), async (own) => {
    const { written } = await generate(own.context, { empty: true });
    const [set, drop] = ['SET', 'DROP'].map(
      (word) => `ALTER TABLE public.users ALTER COLUMN phone ${word} NOT NULL;`,
    );
    own.write(
      (written[0]?.file ?? '').replace(/^migrations\//, ''),
      `-- Up Migration\n${sql};\n${set}\n-- Down Migration\n${drop}\n`,
    );
    expect((await sync(own.context, { yes: true, force: true }, undefined)).applied).toHaveLength(1);
  }),
);

test('a label that an earlier migration renames is not in the way', () =>
  scene(
    `create type mood as enum ('sad', 'ok', 'old'); create table a (mood mood);`,
    `insert into a values ('sad')`,
    `create type mood as enum ('low', 'ok', 'old'); create table a (mood mood);`,
    async (own) => {
      const { written } = await generate(own.context, { empty: true });
      own.write(
        (written[0]?.file ?? '').replace(/^migrations\//, ''),
        `-- Up Migration\nalter type mood rename value 'sad' to 'low';\n-- Down Migration\nalter` +
          ` type mood rename value 'low' to 'sad';\n`,
      );
      await generate(own.context);
      own.want(`create type mood as enum ('low', 'ok'); create table a (mood mood);`);
      expect((await sync(own.context, { yes: true, force: true }, undefined)).applied).toHaveLength(2);
    },
  ));

const heirs = 'create table heir () inherits (a)';
const fitting: readonly (readonly [what: string, old: string, rows: string, wanted: string])[] = [
  [
    'a new required column of a domain with a default',
    `create domain d as text default 'x'; create domain e as d; create table a (id int)`,
    'insert into a values (1)',
    `create domain d as text default 'x'; create domain e as d; create table a (id int, b e not null)`,
  ],
  [
    'a foreign key of a table with heirs',
    `create table orgs (id int primary key); create table a (org int); ${heirs}`,
    'insert into heir values (1)',
    `create table orgs (id int primary key); create table a (org int references orgs); ${heirs}`,
  ],
  // PostgreSQL has it since version 18.
  ...(anyServer().major < 18
    ? []
    : [
        [
          'a NOT NULL that heirs do not inherit',
          `create table a (b int); ${heirs}`,
          'insert into heir values (null)',
          `create table a (b int constraint there not null no inherit); ${heirs}`,
        ] as const,
      ]),
];

test.each(fitting)('%s is not refused', async (_, old, rows, wanted) => {
  const applies = async (own: Project) => {
    expect((await sync(own.context, { yes: true }, undefined)).applied).toHaveLength(1);
  };
  await scene(`${old};`, rows, `${wanted};`, applies);
});
