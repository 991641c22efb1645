// The documents of a database as their process makes them: passwords in texts, and the upper size.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentDatabase } from '../../lib/service/document-work.ts';
import { contextOf } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let database: Database;

const address = 'postgres://u:hunter2@host/db';
const schema = `create function tell() returns trigger language plpgsql as $$begin return new; end$$;
create table orders (id integer primary key, home text default '${address}', email text not null
  check (email like '%@%'), password text, at timestamptz default '2026-01-01 10:00:00+00');
create trigger told after insert on orders for each row execute function tell('${address}');
alter table orders enable row level security;
create policy own on orders using (home <> '${address}');
comment on table orders is E'Copied from ${address}\\nby password=hunter2';
comment on column orders.home is 'See ${address}';`;

beforeAll(async () => {
  database = await freshDatabase(anyServer());
  await rowsOf(database.socket, schema);
});
afterAll(() => database?.drop());

const documents = (most = 1_000_000) =>
  documentDatabase(contextOf(database.url, database.url), { database: 'source', known: null, most });

test('passwords in definitions and comments are hidden, and all else stays', async () => {
  const { text } = await documents();
  expect(text).not.toContain('hunter2');
  expect(text?.match(/postgres:\/\/u@host\/db/g)?.length).toBeGreaterThanOrEqual(5);
  for (const part of ['password=***', "'%@%'", 'password', '2026-01-01', 'Copied from', '\\nby'])
    expect(text, part).toContain(part);
});

test('documents that are larger than allowed are refused, with the way to files', async () => {
  const { text } = await documents();
  const size = text?.length ?? 0;
  expect((await documents(size)).text).toBe(text);
  const refused = await failure(documents(size - 1));
  expect(refused.code).toBe('documents_too_large');
  expect(refused.data).toEqual({ database: 'source', size, limit: size - 1 });
  expect(refused.toJSON()).toMatchObject({
    hint: 'Write them to files: npx pgmage db:docs --from source --out docs/schema',
  });
});
