// db:lint reads no way back as a way forward, whatever tool a folder belongs to.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { lint } from '../../lib/commands/lint.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
  own = project('postgres://nobody@127.0.0.1:1/none', cache);
});
afterAll(async () => {
  own.drop();
  await rm(cache, { recursive: true });
});
beforeEach(() => rmSync(inFolder(''), { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;
const inFolder = (name: string) => join(own.context.project.root, 'other', name);

function write(files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(inFolder(name)), { recursive: true });
    writeFileSync(inFolder(name), text);
  }
}

async function rules(paths: readonly string[] = ['other']): Promise<string[]> {
  const { findings } = await lint(own.context, { paths });
  return findings.map(({ rule, where }) => `${rule} ${where?.file.replace('other/', '')}:${where?.line}`);
}

const up = 'alter table t drop column a;';
const down = 'drop table t;';
const index = 'create index concurrently i on t (a);';
const inside = 'concurrently_in_transaction';

/** What each tool's folder holds, and what is found in it. */
const folders: readonly (readonly [tool: string, files: Files, found: readonly string[]])[] = [
  ['goose', { '1_a.sql': `-- +goose Up\n${up}\n\n-- +goose Down\n${down}\n` }, ['drop_column 1_a.sql:2']],
  [
    'goose, with statements of many lines',
    {
      '1_a.sql': `-- +goose Up\n-- +goose StatementBegin\ncreate function f() returns void language plpgsql as $$
begin\n  perform 1;\nend $$;\n-- +goose StatementEnd\n${up}\n--+goose Down\n-- +goose StatementBegin\n${down}
-- +goose StatementEnd\n`,
    },
    ['drop_column 1_a.sql:8'],
  ],
  ['goose, in a transaction', { '1_a.sql': `-- +goose Up\n${index}\n` }, [`${inside} 1_a.sql:2`]],
  ['goose, outside of one', { '1_a.sql': `-- +goose NO TRANSACTION\n-- +goose Up\n${index}\n` }, []],
  ['goose, a way back alone', { '1_a.sql': `-- +goose Up\n-- +goose Down\n${down}\n` }, []],
  [
    'sql-migrate',
    { '1_a.sql': `-- +migrate Down\n${down}\n-- +migrate Up\n${up}\n-- +migrate Down\n${down}\n` },
    ['drop_column 1_a.sql:4'],
  ],
  ['sql-migrate, in a transaction', { '1_a.sql': `-- +migrate Up\n${index}` }, [`${inside} 1_a.sql:2`]],
  ['sql-migrate, outside of one', { '1_a.sql': `-- +migrate Up notransaction\n${index}` }, []],
  [
    'tern',
    { '001_a.sql': `${up}\n---- create above / drop below ----\n${down}\n` },
    ['drop_column 001_a.sql:1'],
  ],
  ['dbmate', { '1_a.sql': `-- migrate:up\n${up}\n-- migrate:down\n${down}` }, ['drop_column 1_a.sql:2']],
  [
    'dbmate, with another file in front',
    { '0.sql': 'select 1;', '1_a.sql': `-- migrate:up\n${up}\n-- migrate:down\n${down}` },
    ['drop_column 1_a.sql:2'],
  ],
  [
    'golang-migrate',
    { '000001_a.up.sql': up, '000001_a.down.sql': down, '000002_b.up.sql': index },
    ['drop_column 000001_a.up.sql:1'],
  ],
  [
    'Diesel',
    { '2026-01-01_a/up.sql': up, '2026-01-01_a/down.sql': down },
    ['drop_column 2026-01-01_a/up.sql:1'],
  ],
  ['db-migrate', { 'sqls/1-a-up.sql': up, 'sqls/1-a-down.sql': down }, ['drop_column sqls/1-a-up.sql:1']],
  ['yoyo', { '1.a.sql': up, '1.a.rollback.sql': down }, ['drop_column 1.a.sql:1']],
  ['Flyway', { 'V1.2__a.sql': up, 'U1.2__a.sql': down }, ['drop_column V1.2__a.sql:1']],
  [
    'refinery, whose U leads forward',
    { 'V1__a.sql': 'select 1;', 'U2__b.sql': down },
    ['drop_table U2__b.sql:1'],
  ],
  ['a name that looks like a way back', { '1_slow_down.sql': down }, ['drop_table 1_slow_down.sql:1']],
  [
    'Liquibase',
    {
      'a.sql': `--liquibase formatted sql\n--changeset anna:1\n${up}\n--rollback ${down}
/* liquibase rollback\n${down}\n*/\n`,
    },
    ['drop_column a.sql:3'],
  ],
  [
    'Atlas',
    { 'atlas.sum': 'h1:', '1_a.sql': up, '2_b.sql': index, '3_c.sql': `-- atlas:txmode none\n\n${index}` },
    ['drop_column 1_a.sql:1', `${inside} 2_b.sql:1`],
  ],
  [
    'Atlas with files of goose',
    { 'atlas.sum': 'h1:', '1_a.sql': `-- +goose Up\n${up}\n-- +goose Down\n${down}` },
    ['drop_column 1_a.sql:2'],
  ],
  [
    'Supabase',
    { 'config.toml': '', 'seed.sql': down, 'tests/a.sql': down, 'migrations/20260101000000_a.sql': up },
    ['drop_column migrations/20260101000000_a.sql:1'],
  ],
];

test.each(folders)('%s', async (_, files, found) => {
  write(files);
  expect(await rules()).toEqual(found);
});

const changes = (name: string, of: string): Files => ({
  [`deploy/${name}.sql`]: `-- Deploy shop:${name} to pg\nBEGIN;\n${of}\nCOMMIT;\n`,
  [`revert/${name}.sql`]: `-- Revert shop:${name} from pg\nBEGIN;\n${down}\nCOMMIT;\n`,
  [`verify/${name}.sql`]: `-- Verify shop:${name} on pg\nBEGIN;\n${down}\nROLLBACK;\n`,
});
const plan = `%syntax-version=1.0.0\n%project=shop\n# first\n\nusers 2026-01-01T00:00:00Z Anna <a@example.com> # it
@v1 2026-01-01T00:00:00Z Anna <a@example.com>
app/notes [users] 2026-01-01T00:00:00Z Anna <a@example.com>
users [users@v1] 2026-01-02T00:00:00Z Anna <a@example.com>\n`;

test('of Sqitch the changes that deploy are read, in the order of the plan', async () => {
  write({
    'sqitch.plan': plan,
    ...changes('users', up),
    ...changes('users@v1', index),
    ...changes('app/notes', 'truncate n;'),
  });
  const found = [`concurrently_in_transaction deploy/users@v1.sql:3`, 'truncate deploy/app/notes.sql:3'];
  expect(await rules()).toEqual([...found, 'drop_column deploy/users.sql:3']);
  expect((await lint(own.context, { paths: ['other'] })).files).toEqual([
    'other/deploy/users@v1.sql',
    'other/deploy/app/notes.sql',
    'other/deploy/users.sql',
  ]);
  expect(await rules(['other/deploy/users.sql', 'other/revert/users.sql'])).toEqual([
    'drop_column deploy/users.sql:3',
  ]);
});

test('a plan of Sqitch in a folder below hides no files of others', async () => {
  write({ 'flyway/V1__a.sql': up, 'legacy/sqitch.plan': plan });
  expect(await rules()).toEqual(['drop_column flyway/V1__a.sql:1']);
});

test('a single file is read as its folder is; one that leads back alone is refused', async () => {
  write({
    '1_a.sql': `-- migrate:up\n${index}\n-- migrate:down\n${down}`,
    '2_a.sql': `-- +goose Up\n${up}\n-- +goose Down\n${down}`,
    '3_a.up.sql': up,
    '3_a.down.sql': down,
    'V4__a.sql': up,
    'U4__a.sql': down,
  });
  expect(await rules(['other/1_a.sql', 'other/2_a.sql'])).toEqual([
    `${inside} 1_a.sql:2`,
    'drop_column 2_a.sql:2',
  ]);
  expect(await rules(['3_a.up', '3_a.down', 'U4__a', 'V4__a'].map((name) => `other/${name}.sql`))).toEqual([
    'drop_column 3_a.up.sql:1',
    'drop_column V4__a.sql:1',
  ]);
  const refused = await failure(lint(own.context, { paths: ['other/3_a.down.sql', 'other/U4__a.sql'] }));
  expect(refused).toMatchObject({ code: 'bad_option', message: expect.stringContaining('lead back') });
});
