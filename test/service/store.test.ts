// The one session of the store: whose work comes first, and what a stop does to work that waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../lib/service/store.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await freshDatabase(anyServer());
  folder = mkdtempSync(join(tmpdir(), 'pgmage-store-'));
});
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const open = (): Promise<Store> =>
  openStore({ url: database.url, folder, cacheDir: folder, progress: () => undefined });

test('work of the service does not wait for the requests before it', async () => {
  const store = await open();
  const done: string[] = [];
  const add = (name: string, turn?: 'request') =>
    store.change(async (session) => {
      await session.rows('select pg_catalog.pg_sleep(0.01)');
      done.push(name);
    }, turn);
  const requests = Array.from({ length: 20 }, (_, at) => add(`request ${at}`, 'request'));
  await Promise.all([...requests, add('commit'), add('renewal')]);
  expect(done.slice(0, 4)).toEqual(['request 0', 'commit', 'renewal', 'request 1']);
  expect(done.at(-1)).toBe('request 19');
  await store.close();
});

test('a failure of one work is its own, and a stop refuses what waits', async () => {
  const store = await open();
  const broken = failure(store.use((session) => session.rows('select 1 / 0')));
  const next = store.use((session) => session.rows<{ n: number }>('select 1 as n'), 'request');
  expect(await broken).toMatchObject({ code: 'invalid_sql' });
  expect(await next).toEqual([{ n: 1 }]);
  let running: Promise<{ n: number }[]> | undefined;
  await new Promise<void>((started) => {
    running = store.use((session) => {
      started();
      return session.rows<{ n: number }>('select 2 as n from pg_sleep(0.1)');
    });
  });
  const waiting = [
    failure(store.use((session) => session.rows('select'))),
    failure(store.use(async () => 1, 'request')),
  ];
  await store.close();
  expect(await running).toEqual([{ n: 2 }]);
  for (const one of waiting) expect(await one).toMatchObject({ code: 'queue_unavailable' });
});
