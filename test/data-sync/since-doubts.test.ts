// When a sync compares all rows although the configuration says since, and which configuration it refuses.
import { expect, test } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import type { DataConfig } from '../../lib/config/data.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { installedServers, whichServer } from '../servers/binaries.ts';
import { freshDatabase, rowsOf } from '../servers/databases.ts';
import { isFull } from '../servers/running.ts';
import { startServer } from '../servers/server.ts';
import { startStandby } from '../servers/standby.ts';
import { config, forms, howOf, type Since, table, withScene } from './since-scene.ts';
import { listChanges } from './syncing.ts';

/** What makes a state doubtful; each is tried after a run that has kept one. */
const doubts: Readonly<
  Record<string, { source?: string; target?: string; reason: string; data?: DataConfig; only?: Since }>
> = {
  'the table of the source is made again': {
    source: `drop table t; ${table}; delete from t where id = 3`,
    reason: 'made, emptied or altered',
  },
  'the table of the source is emptied and filled': {
    source: 'create table x as table t; truncate t; insert into t select * from x where id <> 3',
    reason: 'made, emptied or altered',
  },
  'the table of the source is rewritten': {
    source: 'delete from t where id = 3; cluster t using t_pkey',
    reason: 'made, emptied or altered',
  },
  'a column is dropped and added with a default': {
    source: `alter table t drop v; alter table t add v text default 'other'; delete from t where id = 3`,
    target: `alter table t drop v; alter table t add v text default 'another'`,
    reason: 'made, emptied or altered',
  },
  'the table of the target is emptied': {
    source: 'delete from t where id = 3',
    target: 'truncate t',
    reason: 'made, emptied or altered',
  },
  'the configuration is another one': {
    source: 'delete from t where id = 3',
    reason: 'configuration is another one',
    data: { tables: { t: { since: 'xmin', columns: { v: 'w' } } } },
    only: 'xmin',
  },
  'the record has a run of another source': {
    source: 'delete from t where id = 3',
    target: `insert into pgmage.data_runs (id, source, outcome, mode, inserted, updated, deleted, skipped, tool)
      values (gen_random_uuid(), 'other', 'done', 'transaction', 1, 0, 0, 0, 'test')`,
    reason: 'another source',
  },
  'the record has an unreadable state': {
    source: 'delete from t where id = 3',
    target: `insert into pgmage.data_runs (id, source, outcome, mode, inserted, updated, deleted, skipped, tool, detail)
      values (gen_random_uuid(), 'source', 'done', 'transaction', 1, 0, 0, 0, 'test', '{"since":{"public.t":{"from":"1; drop"}}}')`,
    reason: 'no run before has kept its state',
  },
  'the state is ahead of the source': {
    source: 'delete from t where id = 3',
    target: `insert into pgmage.data_runs (id, source, outcome, mode, inserted, updated, deleted, skipped, tool, detail)
      select gen_random_uuid(), source, outcome, mode, 0, 0, 0, 0, tool, regexp_replace(detail, '"from":"[^"]*"', '"from":"' ||
        case when detail ~ '"from":"\\d+"' then '99999999999' else '2999-01-01 00:00:00.000000+00' end || '"')
      from pgmage.data_runs where outcome = 'done'`,
    reason: 'does not fit the source',
  },
};

test.each(Object.entries(doubts))(
  'all rows are compared: %s',
  async (_, { source = '', target = '', reason, data, only }) => {
    for (const [, since] of only === undefined ? forms.slice(isFull ? 0 : 1) : [['', only] as const]) {
      const sql = `${table}; alter table t add w text`;
      await withScene(sql, config(since), async (scene) => {
        await scene.sync();
        expect(howOf(await scene.sync())).toBe('part');
        await rowsOf(scene.source.url, source.replace(table, sql));
        await rowsOf(scene.target.url, target);
        const report = await scene.sync({ force: true }, data);
        expect(howOf(report)).toContain(reason);
        expect(await rowsOf(scene.target.url, 'select id from t where id = 3')).toEqual([]);
        expect(howOf(await scene.sync({}, data))).toBe('part');
      });
    }
  },
);

test('a role that may not see the transactions of others compares all rows by times, and a part by xmin', async () => {
  const role = `reader_${process.pid}`;
  await rowsOf(newest.socket(), `create role ${role} login password 'x'`);
  try {
    for (const [, since] of forms)
      await withScene(table, config(since), async ({ source, sync }) => {
        await rowsOf(source.url, `grant select on t to ${role}`);
        const as = new URL(source.url);
        [as.username, as.password] = [role, 'x'];
        await sync({ from: as.href });
        const how = howOf(await sync({ from: as.href }));
        expect(how).toEqual(
          since === 'xmin' ? 'part' : expect.stringContaining('grant it pg_read_all_stats'),
        );
        await rowsOf(source.url, `drop owned by ${role}`);
      });
  } finally {
    await rowsOf(newest.socket(), `drop role ${role}`);
  }
});

test('a server that starts again, a standby and prepared transactions', async () => {
  const programs = installedServers()[0];
  const server = await startServer(programs ?? whichServer(String(newest.major)));
  try {
    const [source, target] = [await freshDatabase(server), await freshDatabase(newest)];
    const data = config('xmin');
    const sync = async (from: string, own = data) => {
      await using workspace = contextOf(from, target.url, { data: own });
      return dataSync(workspace, { from: 'source', to: 'target', yes: true }, undefined);
    };
    for (const { url } of [source, target]) await rowsOf(url, table);
    await sync(source.url);
    expect(howOf(await sync(source.url))).toBe('part');
    await server.restart();
    expect(howOf(await sync(source.url))).toContain('has started again');
    expect(howOf(await sync(source.url))).toBe('part');
    const times = config({ column: 'updated_at' });
    await sync(source.url, times);
    await rowsOf(
      source.url,
      `begin; update t set v = 'prepared' where id = 1; prepare transaction 'one'`,
    ).catch(() => undefined);
    const [prepared] = await rowsOf<{ n: number }>(
      source.url,
      'select count(*)::int as n from pg_prepared_xacts',
    );
    if (prepared?.n === 1) {
      expect(howOf(await sync(source.url, times))).toContain('prepared transactions');
      expect(howOf(await sync(source.url))).toBe('no run before has kept its state');
      await rowsOf(source.url, `commit prepared 'one'`);
      expect(listChanges(await sync(source.url))).toEqual({ 'public.t': '0/1/0' });
    }
    if (programs === undefined)
      process.stdout.write('NOT RUN: a standby, for want of an installed server with pg_basebackup\n');
    else {
      const standby = await startStandby(server, programs);
      try {
        for (const own of [data, times])
          expect(howOf(await sync(standby.url(source.name), own))).toBe('the source is a standby');
      } finally {
        await standby.stop();
      }
    }
    await target.drop();
  } finally {
    await server.stop();
  }
});

test.each([
  [{ since: { column: 'updatedat' } }, 'Did you mean updated_at?'],
  [{ since: { column: 'v' } }, 'v is of type text, not timestamp with time zone'],
  [{ since: 'xmin', where: 'id > 5' }, 'cannot be used with where'],
  [{ since: 'xmin', columns: { v: 'lower(v)' } }, 'with SQL in columns'],
  [{ since: 'xmin', ids: { column: 'old' } }, 'cannot be used with ids'],
  [{ full: 5 }, 'full needs since'],
  [{ since: 'xmin', full: 0 }, 'must be at least 1'],
] as const)('a configuration that does not fit is refused: %j', async (own, reason) => {
  await withScene(`${table}; alter table t add old int unique`, { tables: { t: own } }, async ({ sync }) => {
    const problem = await failure(sync());
    expect(problem).toMatchObject({ code: 'bad_config' });
    expect(problem.message).toContain(reason);
    expect(problem.message).toContain(`data.tables['public.t']`);
  });
});

test.each([
  ['create table t (id int, v text)', 'needs a primary key'],
  ['create table t (id numeric primary key, v text)', 'equal without the same bytes'],
  ['create type pair as (a int, b text); create table t (id int primary key, v pair)', 'the type of v'],
])('a table that does not fit is refused: %s', async (sql, reason) => {
  await withScene(sql, config('xmin'), async ({ sync }) => {
    expect((await failure(sync())).message).toContain(reason);
  });
});

test.runIf(newest.major >= 18)(
  'all rows are compared when the expression of a virtual column changes',
  async () => {
    await withScene(table, config('xmin'), async ({ source, target, sync }) => {
      await rowsOf(source.url, `alter table t add w text generated always as ('a' || v) virtual`);
      await rowsOf(target.url, 'alter table t add w text');
      await sync();
      expect(howOf(await sync())).toBe('part');
      await rowsOf(source.url, `alter table t alter w set expression as ('b' || v)`);
      expect(howOf(await sync())).toContain('made, emptied or altered');
      expect(await rowsOf(target.url, 'select w from t where id = 3')).toEqual([{ w: 'bv3' }]);
      expect(howOf(await sync())).toBe('part');
    });
  },
);
