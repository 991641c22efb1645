// data:undo puts rows back, and leaves alone what a session changed after the run.
import { mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { dataHistory } from '../../lib/commands/data-history.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { contextOf } from '../copy/cloning.ts';
import { ways, withPair } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';

const tables = `create table p (id int primary key, name text, mine text default 'own');
  create table c (id int primary key, p int references p on delete cascade, u text unique);
  create table n (v int);
  insert into p select n, 'p' || n from generate_series(1, 20) n;
  insert into c select n, n % 20 + 1, 'u' || n from generate_series(1, 50) n;
  insert into n select n % 3 from generate_series(1, 9) n`;
const all = `select (select json_agg(p order by id) from p) p, (select json_agg(c order by id) from c) c,
  (select json_agg(v order by v) from n) n`;

test.each(ways)('all rows come back, in one transaction: $name', async ({ from, to }) => {
  await withPair(from, to, async (source, target) => {
    await rowsOf(source.url, tables);
    await rowsOf(target.url, `${tables}; update p set mine = 'kept ' || id`);
    await rowsOf(
      source.url,
      `delete from p where id = 20; update p set name = 'changed' where id = 3; insert into p values (21, 'new');
       update c set p = 21 where id = 5; delete from n where v = 0; insert into n values (2), (7)`,
    );
    const root = await mkdtemp(join(tmpdir(), 'pgmage-undo-'));
    await using workspace = contextOf(source.url, target.url, { root });
    const before = await rowsOf(target.url, all);
    const { run } = await dataSync(workspace, { from: 'source', to: 'target', yes: true }, undefined);
    const folder = join(root, '.pgmage', 'data-runs');
    expect(await readdir(folder)).toEqual([`${run?.id}.undo`]);
    expect((await stat(join(folder, `${run?.id}.undo`))).mode & 0o777).toBe(0o600);
    const history = await dataHistory(workspace, { env: 'target' });
    expect(history.runs).toMatchObject([{ id: run?.id, outcome: 'done', canUndo: true }]);
    const undone = await dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true }, undefined);
    expect(undone).toMatchObject({ skipped: 0, sideEffects: [] });
    expect(await rowsOf(target.url, all)).toEqual(before);
    const again = dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true }, undefined);
    await expect(again).rejects.toMatchObject({ code: 'no_run' });
    expect((await dataHistory(workspace, { env: 'target' })).runs).toMatchObject([
      { mode: 'undo', outcome: 'done', canUndo: true },
      { id: run?.id, canUndo: false },
    ]);
  });
});

test('a row that a session changed after the run stays', async () => {
  const [{ from, to }] = ways as [(typeof ways)[number]];
  await withPair(from, to, async (source, target) => {
    const sql = `create table t (id int primary key, v text); insert into t values (1, 'a'), (2, 'b'), (3, 'c')`;
    await rowsOf(source.url, sql);
    await rowsOf(target.url, `${sql}; update t set v = 'old ' || v; insert into t values (9, 'gone')`);
    const root = await mkdtemp(join(tmpdir(), 'pgmage-undo-'));
    await using workspace = contextOf(source.url, target.url, { root });
    const options = { from: 'source', to: 'target', yes: true };
    const { run } = await dataSync(workspace, options, undefined);
    await rowsOf(target.url, `update t set v = 'mine' where id = 2`);
    const undone = await dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true }, undefined);
    expect(undone.skipped).toBe(1);
    const rows = await rowsOf(target.url, 'select id, v from t order by id');
    expect(rows.map(({ v }) => v)).toEqual(['old a', 'mine', 'old c', 'gone']);
  });
});

test('a key that changed only its case comes back, although foreign keys act on it', async () => {
  const [{ from, to }] = ways as [(typeof ways)[number]];
  const sql = (action: string) => `create schema ${action};
    create table ${action}.t (id text collate ci primary key, v int);
    create table ${action}.c (id int primary key, t text collate ci references ${action}.t on update ${action});
    insert into ${action}.t values ('Ä', 1), ('b', 2); insert into ${action}.c values (1, 'Ä'), (2, 'b')`;
  const actions = ['cascade', 'restrict'];
  const both = `create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    ${actions.map(sql).join(';')}`;
  const change = (action: string) => `update ${action}.c set t = null where id = 1;
    update ${action}.t set id = 'ä' where v = 1; update ${action}.c set t = 'ä' where id = 1`;
  const rows = `select ${actions.map(
    (one) => `(select json_agg(t order by v) from ${one}.t t) as ${one}_t,
    (select json_agg(c order by id) from ${one}.c c) as ${one}_c`,
  )}`;
  await withPair(from, to, async (source, target) => {
    for (const { url } of [source, target]) await rowsOf(url, both);
    await rowsOf(source.url, actions.map(change).join(';'));
    const before = await rowsOf(target.url, rows);
    const root = await mkdtemp(join(tmpdir(), 'pgmage-undo-'));
    await using workspace = contextOf(source.url, target.url, { root });
    const { run } = await dataSync(workspace, { from: 'source', to: 'target', yes: true }, undefined);
    expect(await rowsOf(target.url, rows)).toEqual(await rowsOf(source.url, rows));
    const undone = await dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true }, undefined);
    expect(undone).toMatchObject({ skipped: 0, sideEffects: [] });
    expect(await rowsOf(target.url, rows)).toEqual(before);
  });
});

test('a run that changed nothing has nothing to take back', async () => {
  const [{ from, to }] = ways as [(typeof ways)[number]];
  await withPair(from, to, async (source, target) => {
    for (const { url } of [source, target])
      await rowsOf(url, `create table t (id int primary key, v text); insert into t values (1, 'a')`);
    const root = await mkdtemp(join(tmpdir(), 'pgmage-undo-'));
    await using workspace = contextOf(source.url, target.url, { root });
    await dataSync(workspace, { from: 'source', to: 'target', yes: true }, undefined);
    const [run] = (await dataHistory(workspace, { env: 'target' })).runs;
    expect(run).toMatchObject({ outcome: 'done', canUndo: false });
    const asked = vi.fn(async () => true);
    const refused = await failure(dataUndo(workspace, run?.id ?? '', { env: 'target' }, asked));
    expect([refused.code, asked.mock.calls]).toEqual(['no_run', []]);
    expect(refused.message).toContain('it changed nothing, so there is nothing to take back');
  });
});
