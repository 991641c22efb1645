// The one session of the store: whose work comes first, and what a stop does to work that waits.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Project } from '../../lib/project/project.ts';
import { openLog } from '../../lib/service/log.ts';
import { readSettings } from '../../lib/service/settings.ts';
import { openStore, openStoreCheck, type Store, type Turn } from '../../lib/service/store.ts';
import { cleanUp } from '../../lib/service/upkeep.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
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

test('time limits of the server do not stop a service that waits for the preparation of another one', async () => {
  const limited = await freshDatabase(anyServer());
  const limits = { idle_in_transaction_session_timeout: 200, lock_timeout: 200, statement_timeout: 400 };
  for (const [name, value] of Object.entries(limits))
    await rowsOf(database.socket, `alter database ${limited.name} set ${name} = ${value}`);
  const openLimited = () =>
    openStore({ url: limited.url, folder, cacheDir: folder, progress: () => undefined });
  const stores = [await openLimited(), await openLimited()];
  const order: string[] = [];
  const prepared = stores.map((store, at) =>
    store.prepare(async () => {
      order.push(`begin ${at}`);
      await setTimeout(700);
      order.push(`end ${at}`);
    }),
  );
  try {
    await Promise.all(prepared);
    expect(order.map((one) => one.split(' ')[0])).toEqual(['begin', 'end', 'begin', 'end']);
  } finally {
    await Promise.allSettled(prepared);
    for (const store of stores) await store.close();
    await limited.drop();
  }
});

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

test('a request does not wait for more than twenty works of the service', async () => {
  const store = await open();
  const done: string[] = [];
  const add = (name: string, turn: Turn) => store.use(async () => void done.push(name), turn);
  const own = Array.from({ length: 50 }, () => add('own', 'own'));
  await Promise.all([add('first', 'request'), add('second', 'request'), ...own]);
  const [first, second] = [done.indexOf('first'), done.indexOf('second')];
  expect(first).toBeGreaterThanOrEqual(20);
  expect(first).toBeLessThanOrEqual(21);
  expect(second).toBe(first + 21);
  await store.close();
});

test('whoever asks whether the store is ready meanwhile gets the same answer', async () => {
  const store = await open();
  const turns: (Turn | undefined)[] = [];
  const change: Store['change'] = (work, turn) => {
    turns.push(turn);
    return store.change(work, turn);
  };
  const isWritable = openStoreCheck({ change });
  expect(await Promise.all(Array.from({ length: 500 }, isWritable))).toEqual(Array(500).fill(true));
  expect(turns).toEqual(['request']);
  expect(await isWritable()).toBe(true);
  expect(turns).toEqual(['request', 'request']);
  await store.close();
  expect(await isWritable()).toBe(false);
});

test('old history is deleted also where a file of a dead job cannot be removed', async () => {
  const store = await open();
  await store.use((session) =>
    session.rows(`insert into service.plans (id, digest, requested_by, agreed, expires_at)
      values (gen_random_uuid(), 'old', 'key', '{}', now() - interval '1 day')`),
  );
  const backups = join(folder, 'backups');
  // A folder in place of its lock.
  mkdirSync(join(backups, '.shop_prod.lock'), { recursive: true });
  writeFileSync(join(backups, 'shop_prod_2026-11-29T10-00-00Z.native.partial'), '');
  const project = { root: folder } as Project;
  const settings = { ...readSettings(project, {}), backups };
  await expect(cleanUp({ store, log: openLog('error'), project, settings })).rejects.toThrow('rm');
  expect(await store.use((session) => session.rows('select id from service.plans'))).toEqual([]);
  await store.close();
});

test('every work of a route has the turn of a request', () => {
  const routes = join(import.meta.dirname, '../../lib/service/routes');
  const calls = readdirSync(routes).flatMap((name) =>
    callsOf(readFileSync(join(routes, name), 'utf8')).map((call) => `${name}: ${call}`),
  );
  expect(calls.length).toBeGreaterThan(8);
  expect(calls.filter((call) => !/'request',?\s*\)$/.test(call))).toEqual([]);
});

// The calls of the store and of the events, each up to its last parenthesis.
function callsOf(text: string): string[] {
  return [...text.matchAll(/\b(?:store|events)\s*\.(?:use|change)\(/g)].map(({ 0: head, index }) => {
    let end = index + head.length;
    for (let depth = 1; depth > 0 && end < text.length; end++)
      depth += Number(text[end] === '(') - Number(text[end] === ')');
    return text.slice(index, end);
  });
}

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
