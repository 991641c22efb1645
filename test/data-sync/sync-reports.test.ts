// What a run tells: the migration report, the log of a run that fails, the progress, the record.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataSyncMarkdown, dataSyncText } from '../../lib/report/data-sync.ts';
import { contextOf } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { withSynced } from './syncing.ts';

const paper = { width: 100, colour: false, now: new Date('2026-11-29T12:00:00Z') };
const options = { from: 'source', to: 'target', yes: true };

test('the report has counts, failures with the rate, schema differences, batches, sequences', async () => {
  const both = `create table t (id serial primary key, v text); insert into t (v) select 'v' from generate_series(1, 50)`;
  const source = `alter table t add mine text; create table mine (id int); update t set v = 'new' where id <= 3;
    insert into t (v) values ('x')`;
  await withSynced({ both, source }, async ({ source: from, target: to, sync }) => {
    const other = new pg.Client(to.url);
    await other.connect();
    await other.query(`begin; update t set v = 'own' where id = 2`);
    const syncing = sync();
    const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    await expect.poll(() => rowsOf(to.url, waits), { timeout: 20_000 }).toHaveLength(1);
    await other.query('commit');
    await other.end();
    const report = await syncing;
    const markdown = dataSyncMarkdown(report);
    expect(markdown).toContain('- Success rate: 75.00 % (3 of 4 rows)');
    expect(markdown).toContain('| public.t | 51 | 1 | 2 | 0 | 1 | but for skipped rows |');
    expect(markdown).toContain('- skipped `public.mine`: the target has no table public.mine');
    expect(markdown).toContain('- skipped `public.t.mine`: the target has no such column');
    expect(markdown).toContain('- Sequences set: public.t_id_seq');
    expect(dataSyncText(report, paper)).toContain('1 table is equal but for 1 row.');
    await rowsOf(from.url, `insert into t (v) select 'y' from generate_series(1, 9)`);
    const batched = dataSyncMarkdown(await sync({ batch: 5 }));
    expect(batched).toContain('- Batches: 2');
    expect(batched).toContain('- Success rate: 100.00 % (10 of 10 rows)');
  });
});

test('rows that stay by --keep-deleted are no equal ones', async () => {
  const both = 'create table t (id int primary key); insert into t select generate_series(1, 9)';
  await withSynced({ both, source: 'delete from t where id < 3' }, async ({ sync }) => {
    const report = await sync({ keepDeleted: true });
    expect(dataSyncText(report, paper)).toContain('1 table is equal but for 2 extra rows of the target.');
    expect(dataSyncMarkdown(report)).toContain('| public.t | 7 | 0 | 0 | 0 | 0 | but for extra rows |');
  });
});

test('a run that fails is in the log and in the record, with the reason', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-failed-'));
  try {
    const both = 'create table t (id int primary key, v text)';
    const given = {
      both,
      source: `insert into t values (1, 'bad')`,
      target: `alter table t add check (v <> 'bad')`,
    };
    await withSynced(given, async ({ source, target }) => {
      await using workspace = contextOf(source.url, target.url, { root });
      const problem = await failure(dataSync(workspace, { ...options, log: 'sync.jsonl' }, undefined));
      const lines = readFileSync(join(root, 'sync.jsonl'), 'utf8').trim().split('\n');
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        at: expect.stringMatching(/^\d{4}-/),
        problem: { code: 'rows_refused', message: problem.message },
      });
      const outcomes = await rowsOf(
        target.url,
        'select outcome, inserted::int, detail from pgmage.data_runs order by entry',
      );
      expect(outcomes).toEqual([
        { outcome: 'begun', inserted: 0, detail: null },
        { outcome: 'failed', inserted: 0, detail: expect.stringContaining('t_v_check') },
      ]);
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('no session rewrites the record', async () => {
  const given = { both: 'create table t (id int primary key)', source: 'insert into t values (1)' };
  await withSynced(given, async ({ target, sync }) => {
    await sync();
    const before = await rowsOf(target.url, 'select * from pgmage.data_runs order by entry');
    expect(before).toHaveLength(2);
    for (const sql of [
      'update pgmage.data_runs set inserted = 0',
      'delete from pgmage.data_runs',
      'truncate pgmage.data_runs',
      `delete from pgmage.data_runs where outcome = 'none'`,
    ])
      await expect(rowsOf(target.url, sql)).rejects.toThrow('never rewritten');
    expect(await rowsOf(target.url, 'select * from pgmage.data_runs order by entry')).toEqual(before);
  });
});

test.each([undefined, 500])(
  'progress has rows, rows in a second and the time left, batch %s',
  async (batch) => {
    const both = 'create table t (id int primary key, v text)';
    const source = `insert into t select n, 'v' from generate_series(1, 5000) n; analyze`;
    await withSynced({ both, source }, async ({ source: from, target: to }) => {
      const lines: string[] = [];
      // Each look at the clock takes three seconds.
      let at = Date.parse('2026-11-29T12:00:00Z');
      const now = () => {
        at += 3_000;
        return new Date(at);
      };
      await using workspace = contextOf(from.url, to.url, { now, progress: (line) => lines.push(line) });
      await dataSync(workspace, { ...options, ...(batch && { batch }) }, undefined);
      const progress = / public\.t: \d+ %; total \d+ of about 5000 rows, \d+ rows\/s, \d+ s left$/;
      expect(lines.filter((line) => line.startsWith('Comparing')).join()).toMatch(progress);
      const changing = lines.filter((line) => line.startsWith('Changing'));
      expect(changing).toHaveLength(batch === undefined ? 0 : 10);
      for (const line of changing) expect(line).toMatch(progress);
    });
  },
);
