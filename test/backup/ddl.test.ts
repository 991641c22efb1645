// While a backup is made, others change what it is of: dump and manifest are of one state, or it is made
// again.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import { until } from './faults.ts';
import { backupProject, ways } from './scene.ts';

vi.setConfig({ testTimeout: 60_000 });

const found = await ways('backups while others change tables');
const ofNewest = (engine: string) => found.filter((one) => one.engine === engine).slice(-1);
const all = [...ofNewest('native'), ...ofNewest('pg_dump')];

const tables = `create table a (id int primary key, b int); insert into a select i, i from generate_series(1,
  2000) i;
  create table gone (id int); insert into gone values (1); create table p (id int) partition by list (id);
  create table p1 partition of p for values in (1); create view v as select id from a;
  create materialized view m as select count(*) from a; create materialized view none as
  select 1 with no data;
  create function f() returns int language sql as 'select 1'`;

const changes: readonly string[] = [
  'alter table a add c int default 7',
  'drop table gone',
  'alter table p add c int',
  'create or replace view v as select id, 2 as two from a',
  `create or replace function f() returns int language sql as 'select 2'`,
  'create table came (id int); insert into came values (1)',
  'refresh materialized view m',
  'truncate gone; insert into gone values (2)',
];

test.each(ofNewest('pg_dump'))('who refreshes a view while rows are dumped waits', async ({ server }) => {
  await withDatabase(server, async ({ url }) => {
    const noise = `(select string_agg(md5(i || '-' || j), '') from generate_series(1, 30) j)`;
    await query(
      url,
      `${tables}; create table big as select ${noise} from generate_series(1, 10000) i;
       create materialized view z as select * from big`,
    );
    const own = backupProject({ prod: url });
    const making = backup(derive(own.context, { lockTimeout: 300 }), { format: 'custom' });
    await until(() => readdirSync(own.context.project.root).includes('backups') && begun(own.folder));
    const other = query(url, 'refresh materialized view z');
    expect((await making).retries).toEqual([]);
    await other;
    own.drop();
  });
});

// Whether something of a dump is written.
function begun(folder: string): boolean {
  const [name] = readdirSync(folder).filter((one) => one.endsWith('.dump.partial'));
  return name !== undefined && statSync(join(folder, name)).size > 0;
}

describe.each(all)('PostgreSQL $major by $engine', ({ server, engine }) => {
  // Somebody waits for the lock as long as it takes, and meanwhile makes all wait who come after.
  test.each(changes)('%s', async (change) => {
    await withDatabase(server, async ({ url }) => {
      await query(url, tables);
      const own = backupProject({ prod: url });
      try {
        let other: Promise<unknown> | undefined;
        const context: Workspace = derive(own.context, {
          lockTimeout: 300,
          progress: (line) => {
            if (line.startsWith('Backing up')) other ??= query(url, change);
          },
          pause: async () => void (await other),
        });
        const made = await backup(context, { engine });
        await other;
        // It is restored, and compared with its manifest.
        const { backups } = await verifyBackups(own.context, { drill: true, on: 'prod' });
        expect(backups.map(({ file, faults }) => [file, faults])).toEqual([[made.file, []]]);
        const [row] = await rowsOf<{ there: number }>(url, 'select count(*)::int as there from a');
        expect(row?.there).toBe(2000);
      } finally {
        own.drop();
      }
    });
  });
});
