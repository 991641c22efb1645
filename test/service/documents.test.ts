// The documents of a database by the API: what they have, who may read them, and large schemas.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangesPicture, DatabaseDocuments, SchemaDifference } from '../../lib/service/schemas.ts';
import { fillSchema } from '../schema-docs/schemas.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type RunningService, startService } from './scene.ts';

let shop: Database;
let large: Database;
let service: RunningService;

const hostile = `create table "<b>\u202e" (id integer primary key);
comment on table "<b>\u202e" is E'one\\ntwo \\u0007';
comment on column "<b>\u202e".id is 'From postgres://u:hunter2@host/db';`;
const tables = 1000;
const fillLarge = `do $$begin for i in 1..${tables} loop execute format(
  'create table t%s (id bigint primary key, other bigint references t%s, a text, b text, c integer, d date)',
  i, greatest(1, i - 1 - i % 7)); end loop; end$$;`;

beforeAll(async () => {
  shop = await freshDatabase(anyServer());
  large = await freshDatabase(anyServer());
  await rowsOf(shop.socket, fillSchema + hostile);
  await rowsOf(large.socket, fillLarge);
  service = await startService({ environments: { shop: shop.url, large: large.url } });
  writeFileSync(
    join(service.root, 'schema.sql'),
    `${fillSchema}create table wanted (id integer primary key);`,
  );
}, 120_000);

afterAll(async () => {
  await service?.remove();
  await shop?.drop();
  await large?.drop();
});

const read = <T = DatabaseDocuments>(name: string, path = 'documents') =>
  service.ask<T>('GET', `/api/databases/${name}/${path}`);

test('documents have tables, columns, comments, keys, policies, grants, a picture and the last changes', async () => {
  writeFileSync(join(service.root, 'schema.sql'), fillSchema);
  const { objects, pictures, schemas, history, server } = await read('shop');
  expect(server).toBe(anyServer().major);
  const customers = objects.find(({ id }) => id === 'relation.shop.customers');
  const text = JSON.stringify(customers);
  for (const part of [
    'People who buy.',
    'upper_name',
    'PRIMARY KEY (id)',
    'Each sees only itself.',
    'PUBLIC',
    'UPDATE',
  ])
    expect(text, part).toContain(part);
  expect(pictures[0]?.tables.map(({ title }) => title)).toContain('shop.orders');
  expect(schemas.map(({ name }) => name)).toEqual(['public', 'shop']);
  expect(objects.map(({ title }) => title)).toContain('Sequences of shop');
  expect(history).toEqual([]);
  const key = await service.addKey('reader', ['read']);
  expect((await service.request('GET', '/api/databases/shop/documents', { key })).status).toBe(200);
  expect((await service.request('GET', '/api/databases/shop/diff/picture', { key })).status).toBe(200);
});

test('names and comments pass the filter without passwords, and line ends of comments stay', async () => {
  const documents = await read('shop');
  const text = JSON.stringify(documents);
  for (const bad of ['\u202e', '\\u0007', '\u0007', 'hunter2']) expect(text).not.toContain(bad);
  const table = documents.objects.find(({ title }) => title.includes('<b>'));
  expect(JSON.stringify(table)).toContain('one\\ntwo');
  expect(JSON.stringify(table)).toContain('From postgres://u@host/db');
});

test('documents are those of the database as it is now, and the digest says if they changed', async () => {
  const [first, second] = [await read('shop'), await read('shop')];
  expect(second).toEqual(first);
  await rowsOf(shop.url, `comment on table shop.orders is 'Changed just now.'`);
  const third = await read('shop');
  expect(third.digest).not.toBe(first.digest);
  expect(JSON.stringify(third)).toContain('Changed just now.');
  await rowsOf(shop.url, `comment on table shop.orders is null`);
  expect((await read('shop')).digest).toBe(first.digest);
});

test('the picture of the drift has the marks of db:diff', async () => {
  const { pictures, summary } = await read<ChangesPicture>('shop', 'diff/picture');
  const marked = pictures.flatMap(({ tables: own }) => own.filter(({ mark }) => mark !== null));
  expect(marked.map(({ title, mark }) => `${mark} ${title}`)).toEqual(['removed public.<b>\ufffd']);
  expect(summary).toBe('0 added, 0 changed, 1 removed.');
});

const dial = (name: string, port: number) => `create function ${name}() returns void language plpgsql as
  $$begin perform dial('password=hunter2'); perform dial('host=h port=${port} password=hunter2'); end$$;`;

test('no password of a definition is in the differences, the status and the job of a drift check', async () => {
  writeFileSync(join(service.root, 'schema.sql'), fillSchema + dial('dial', 1) + dial('dial_more', 1));
  await rowsOf(
    shop.url,
    `${dial('dial', 2)}
     create foreign data wrapper far_wrapper;
     create server far foreign data wrapper far_wrapper options (host 'h');
     create user mapping for public server far options (user 'u', password 'hunter2');
     create subscription copies connection 'host=h password=hunter2 dbname=d' publication p
       with (connect = false)`,
  );
  try {
    const diff = await read<SchemaDifference>('shop', 'diff');
    expect(diff.omitted).toBe(0);
    for (const part of ["perform dial('password=***')", 'port=1', 'port=2'])
      expect(diff.text).toContain(part);
    const { id } = await service.ask<{ id: string }>('POST', '/api/databases/shop/drift');
    const job = JSON.stringify((await service.until(id)).result);
    const status = JSON.stringify(await read<unknown>('shop', 'status'));
    for (const text of [diff.text, status, job]) {
      for (const name of ['dial', 'dial_more', 'far', 'copies']) expect(text).toContain(name);
      expect(text).not.toContain('hunter2');
    }
  } finally {
    await rowsOf(shop.url, 'alter subscription copies set (slot_name = none)');
    await rowsOf(shop.url, 'drop subscription copies');
  }
});

test('the picture of a large drift has the first tables, and says how many it lacks', async () => {
  writeFileSync(join(service.root, 'schema.sql'), fillSchema);
  const drawn = ({ pictures }: Pick<ChangesPicture, 'pictures'>) =>
    pictures.flatMap(({ tables: own }) => own.filter(({ isContext }) => !isContext));
  const picture = await read<ChangesPicture>('large', 'diff/picture');
  expect(drawn(picture)).toHaveLength(600);
  // Its tables are to be removed, and those of the schema files to be added.
  const wanted = drawn(await read('shop')).filter(({ title }) => !title.includes('<b>'));
  expect(picture.omitted).toBe(tables + wanted.length - 600);
}, 60_000);

test(`${tables} tables are read while the service answers others at once`, async () => {
  const waits: number[] = [];
  let isOver = false;
  const watch = async () => {
    while (!isOver) {
      const start = performance.now();
      await service.request('GET', '/health');
      waits.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const watching = watch();
  const { objects, pictures } = await read('large');
  await read('large');
  isOver = true;
  await watching;
  expect(objects.length).toBe(tables);
  const drawn = pictures.flatMap(({ tables: own }) => own.filter(({ isContext }) => !isContext));
  expect(drawn.length).toBe(tables);
  expect(pictures.length).toBeGreaterThan(10);
  expect(Math.max(...waits)).toBeLessThan(1_000);
}, 60_000);
