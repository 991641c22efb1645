// An interrupt while the network is silent: the state is told in time all the same.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { untilInterrupt } from '../../lib/ledger/interrupt.ts';
import type { MigrationRun } from '../../lib/ledger/migration-batch.ts';
import type { UnfinishedMigration } from '../../lib/ledger/position.ts';
import { frozenWay } from '../pg/frozen.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

vi.setConfig({ testTimeout: 30_000 });

const half = { file: { name: '1_by_email' }, direction: 'up' } as UnfinishedMigration;

test('a server that is silent does not keep an interrupt from telling the state', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const way = await frozenWay(url);
    const connection = await userSession({ url, applicationName: 'pgmage tests' });
    const undos: (() => Promise<unknown>)[] = [];
    const of = {
      connection,
      environment: 'prod',
      onlooker: () => userSession({ url: way.url, applicationName: 'pgmage tests' }),
      onInterrupt: (undo: () => Promise<unknown>) => undos.push(undo) && (() => undefined),
    } as unknown as MigrationRun;
    await untilInterrupt(of, half, async () => {
      way.freeze();
      const started = Date.now();
      expect(await undos[0]?.()).toBe(
        'In prod, 1_by_email failed half-way: db:sync continues it, db:rollback undoes it.' +
          ' prod did not answer: its last statement may still run.',
      );
      expect(Date.now() - started).toBeLessThan(4_000);
    });
    await connection.close();
    await way.close();
  });
});

const server = anyServer();
const mark = `silent_${process.pid}`;
const asleep = `select datname::text as name from pg_stat_activity
  where query like '%${mark}%' and datname like 'pgmage_shadow_%' and wait_event = 'PgSleep'`;

test('a program whose server is silent says so before it ends', async () => {
  const way = await frozenWay(server.url());
  const root = mkdtempSync(join(tmpdir(), 'pgmage-silent-'));
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'schema.sql'), `do $$ begin /* ${mark} */ perform pg_sleep(60); end $$;`);
  const program = join(import.meta.dirname, '../../lib/bin.ts');
  const words = ['db:diff', '--from', 'empty', '--to', 'schema.sql', '--shadow', way.url];
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, ...words], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: string[] = [];
  child.stderr?.on('data', (chunk) => log.push(String(chunk)));
  const ended = new Promise((resolve) => child.on('close', resolve));
  const shadow = await vi.waitFor(async () => {
    const [found] = await rowsOf<{ name: string }>(server.url(), asleep);
    expect(found).toBeDefined();
    return found?.name;
  }, 20_000);
  way.freeze();
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(log.join('')).toBe(
    '\nInterrupted. A server did not answer within 5 s. It rolls back what was not committed.' +
      ' Check its state before you run the command again.\n',
  );
  await way.close();
  await rowsOf(server.url(), `drop database "${shadow}" with (force)`);
  rmSync(root, { recursive: true, force: true });
});
