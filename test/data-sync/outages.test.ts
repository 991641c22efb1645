// Reads that break off: pgmage reads both databases again.
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { installedServers } from '../servers/binaries.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { query, startServer } from '../servers/server.ts';
import { startStandby } from '../servers/standby.ts';
import { listCounts } from './comparing.ts';

// Reading takes a few seconds.
const slow = 'pg_sleep(0.05) is not null';
const ends = { from: 'source', to: 'target' };
const programs = installedServers()[0];

test('a read that a standby cancels is tried again', async () => {
  if (programs === undefined) {
    process.stdout.write('NOT RUN: a standby, for want of an installed server with pg_basebackup\n');
    return;
  }
  const primary = await startServer(programs);
  try {
    await query(
      primary.url(),
      `create table t (id int primary key); insert into t select generate_series(1, 30);
      create table u (id int); insert into u select generate_series(1, 1000)`,
    );
    await query(primary.url(), 'alter system set max_standby_streaming_delay = 0');
    const standby = await startStandby(primary, programs);
    try {
      await withDatabase(newest, async (target) => {
        await rowsOf(target.url, 'create table t (id int primary key); create table u (id int)');
        // Reading takes a few seconds, and needs what the primary removes meanwhile.
        const data = { tables: { t: { where: { from: slow } } } };
        const removing = setTimeout(1000).then(async () => {
          await query(primary.url(), 'delete from u');
          await query(primary.url(), 'vacuum u');
        });
        const report = await dataDiff(contextOf(standby.url(), target.url, { data }), { ...ends, jobs: 1 });
        await removing;
        expect(report.retries.map(({ code }) => code)).toEqual(['read_cancelled']);
        expect(report.retries[0]?.message).toMatch(/^The standby source cancelled the read: /);
        expect(listCounts(report)).toEqual({ 'public.t': '30/0/0', 'public.u': '0/0/0' });
      });
    } finally {
      await standby.stop();
    }
  } finally {
    await primary.stop();
  }
});

test.each(['source', 'target'] as const)('a lost session of the %s is opened again', async (side) => {
  await withPair(newest, newest, async (source, target) => {
    for (const { url } of [source, target])
      await rowsOf(url, 'create table t (id int primary key); insert into t select generate_series(1, 30)');
    await rowsOf(source.url, 'delete from t where id = 7');
    // Reading takes a few seconds on one side.
    const where = side === 'source' ? { from: slow } : { to: slow };
    const striking = setTimeout(800).then(() =>
      query(
        newest.socket(),
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = '${(side === 'source' ? source : target).name}' and application_name = 'pgmage'`,
      ),
    );
    const workspace = contextOf(source.url, target.url, { data: { tables: { t: { where } } } });
    const report = await dataDiff(workspace, { ...ends, rows: true });
    await striking;
    expect(report.retries.map(({ code }) => code)).toEqual(['connection_lost']);
    expect(listCounts(report)).toEqual({ 'public.t': '0/0/1' });
  });
});
