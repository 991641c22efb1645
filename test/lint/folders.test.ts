// db:lint of folders and files, as the tools that own them read these.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('folders of other tools are read as these read them', async () => {
  const root = own.context.project.root;
  const rules = async (files: Readonly<Record<string, string>>, path = 'other') => {
    await rm(join(root, 'other'), { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, 'other', name, '..'), { recursive: true });
      writeFileSync(join(root, 'other', name), text);
    }
    const { findings } = await lint(own.context, { paths: [path] });
    return findings.map(({ rule, where }) => `${rule} ${where?.file.replace('other/', '')}:${where?.line}`);
  };
  const drop = 'alter table t drop column a;';
  const prisma = {
    'migration_lock.toml': '',
    '20260101000000_a/migration.sql': `\n${drop}`,
    'seed.sql': drop,
  };
  expect(await rules(prisma)).toEqual(['drop_column 20260101000000_a/migration.sql:2']);
  const dbmate = (more = '') =>
    `-- migrate:up${more}\ncreate index concurrently i on t (a);\n-- migrate:down\n${drop}`;
  expect(await rules({ '1_a.sql': dbmate() })).toEqual(['concurrently_in_transaction 1_a.sql:2']);
  expect(await rules({ '1_a.sql': dbmate(' transaction:false') })).toEqual([]);
  expect(await rules({ 'migrations/1_a.sql': dbmate() })).toEqual([
    'concurrently_in_transaction migrations/1_a.sql:2',
  ]);
  const skipped = await failure(rules({ 'a/1_a.sql': dbmate(), 'b/1_b.sql': dbmate() }));
  expect(skipped).toMatchObject({ code: 'bad_option', message: expect.stringContaining('argument other:') });
  const pg = `-- Up Migration\ncommit;\n-- Down Migration\n${drop}`;
  expect(await rules({ '1_a.sql': pg })).toEqual(['transaction_nesting 1_a.sql:2']);
  const graphile = (head = '') => ({
    'committed/000001-a.sql': `--! Previous: -\n--! Hash: sha1:a\n${head}
grant select on t to :DATABASE_VISITOR; create index concurrently i on t (a);`,
    'current.sql': drop,
  });
  expect(await rules(graphile())).toEqual(['concurrently_in_transaction committed/000001-a.sql:4']);
  expect(await rules(graphile('--! no-transaction\n'))).toEqual([]);
  const supabase = {
    'supabase/config.toml': '',
    'supabase/migrations/20260101000000_a.sql': `begin;\n${drop}`,
  };
  expect(await rules(supabase)).toEqual([
    'uncommitted_transaction supabase/migrations/20260101000000_a.sql:1',
    'drop_column supabase/migrations/20260101000000_a.sql:2',
  ]);
  const flyway = {
    'V10__b.sql': drop,
    'V2__a.sql': 'create index concurrently i on t (a);',
    'U2__a.sql': drop,
  };
  expect(await rules(flyway)).toEqual([
    'concurrently_in_transaction V2__a.sql:1',
    'drop_column V10__b.sql:1',
  ]);
  expect(await rules({ 'x.sql': drop, 'y/z.sql': drop, 'note.txt': 'drop' }, 'other/x.sql')).toEqual([
    'drop_column x.sql:1',
  ]);
  expect((await failure(lint(own.context, { paths: ['none.sql'] }))).code).toBe('missing_file');
  expect((await failure(rules({ 'x.sql': 'drop tble x;' }))).where).toMatchObject({
    file: 'other/x.sql',
    line: 1,
  });
  expect(existsSync(join(root, 'migrations'))).toBe(false);
});
