// The outcome of a COMMIT, asked on a standby: what it has not replayed yet may be committed.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readOutcome, readStatus } from '../../lib/pg/commit-outcome.ts';
import { connect } from '../../lib/pg/connect.ts';
import { withSession } from '../proof/session.ts';
import { installedServers } from '../servers/binaries.ts';
import { rowsOf } from '../servers/databases.ts';
import { type OwnServer, query, startServer } from '../servers/server.ts';
import { type Standby, startStandby } from '../servers/standby.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const programs = installedServers()[0];
let primary: OwnServer | undefined;
let standby: Standby | undefined;

beforeAll(async () => {
  if (programs === undefined) return;
  primary = await startServer(programs);
  await query(primary.url(), 'create table t (id text)');
  standby = await startStandby(primary, programs);
});
afterAll(async () => {
  await standby?.stop();
  await primary?.stop();
});

test('a transaction that a standby has not replayed yet is not rolled back', async () => {
  if (primary === undefined || standby === undefined) {
    process.stdout.write('NOT RUN: a standby, for want of an installed server with pg_basebackup\n');
    return;
  }
  const url = standby.url();
  await query(standby.socket(), 'select pg_wal_replay_pause()');
  const insert = 'insert into t values (pg_current_xact_id()::text) returning id';
  const [row] = await rowsOf<{ id: string }>(primary.url(), insert);
  const id = row?.id ?? '';
  expect(await withSession(primary.url(), (session) => readStatus(session, id))).toBe('committed');
  expect(await withSession(url, (session) => readStatus(session, id))).toBe('in progress');
  const asked = readOutcome(() => connect({ url, applicationName: 'pgmage' }), { id });
  await setTimeout(300);
  await query(standby.socket(), 'select pg_wal_replay_resume()');
  expect(await asked).toBe('committed');
  // A primary knows all of its numbers.
  const later = String(BigInt(id) + 1000n);
  expect(await withSession(primary.url(), (session) => readStatus(session, later))).toBe('aborted');
});
