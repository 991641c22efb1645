// A database that is made in two halves, with rows between them, is the one that is made at once.
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readCatalog } from '../../lib/catalog/read.ts';
import { kinds } from '../../lib/kinds/index.ts';
import type { Catalog } from '../../lib/model/catalog.ts';
import { diff } from '../../lib/model/diff.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import { readingSettings } from '../../lib/pg/snapshot.ts';
import { type PlanHalves, planAroundRows } from '../../lib/plan/around-data.ts';
import { splitIntoBatches } from '../../lib/plan/parallel-batches.ts';
import { pairsIn } from '../proof/pairs.ts';
import { describe, withSession } from '../proof/session.ts';
import { withDatabase } from '../servers/databases.ts';
import { isFull, isTurnOf, servers } from '../servers/running.ts';
import { startServer } from '../servers/server.ts';

vi.setConfig({ testTimeout: 600_000 });

// One schema of each kind's cases; all of them with PGMAGE_ROWS=all. Not those with labels: no label provider
// is at hand.
const pairs = pairsIn(join(import.meta.dirname, '../cases')).filter(
  ({ name }) => !name.startsWith('security-label/'),
);
const all = pairs.flatMap(({ name, roles, cluster, setup, ...pair }) => {
  const given = [cluster, setup, ...roles.map((role) => `create role "${role}";`)].join('\n');
  return [pair.new, pair.old].map((text) => ({ name, text: `${given}\n;${text}` }));
});
const kindOf = (name: string) => name.slice(0, name.indexOf('/'));
const schemas =
  process.env.PGMAGE_ROWS === 'all'
    ? all
    : all.filter(({ name }, at) => at === all.findIndex((other) => kindOf(other.name) === kindOf(name)));

async function within<T>(session: Connection, sql: readonly string[], work: () => Promise<T>): Promise<T> {
  await session.execute('begin');
  try {
    for (const text of sql) await session.execute(text);
    return await work();
  } finally {
    await session.execute('rollback');
  }
}

const catalogOf = async (session: Connection) => {
  await session.execute(readingSettings);
  return readCatalog(session, kinds);
};

// The second half in an order that is as far from the plan's as what steps wait for allows.
function turned({ before, after, waits }: PlanHalves): PlanHalves {
  const portions = splitIntoBatches(after, waits());
  const left = new Set(portions.keys());
  const order: number[] = [];
  while (left.size > 0) {
    const at = [...left].findLast((one) => portions[one]?.waits.every((other) => !left.has(other)));
    if (at === undefined) throw new Error('portions wait for each other');
    left.delete(at);
    order.push(at);
  }
  const steps = order.flatMap((at) => portions[at]?.steps ?? []);
  expect(steps.length).toBe(after.length);
  return { before, after: steps, waits };
}

// What a plan makes of an empty database, and what it then is.
async function made(
  session: Connection,
  { before, after }: PlanHalves,
  roles: readonly string[],
  rows = '',
): Promise<Catalog> {
  const quiet = 'set local check_function_bodies = off';
  const steps = [...before.map(({ sql }) => sql), rows, ...after.map(({ sql }) => sql)];
  return within(session, [...roles, readingSettings, quiet, ...steps], () => catalogOf(session));
}

test.each(servers())('the schemas of the cases, in two halves: $major', async (usual) => {
  const { major } = usual;
  // Of its own: the cases make roles, and another test may have the same ones for a moment.
  const server = await startServer(major);
  const wrong: string[] = [];
  let tried = 0;
  try {
    await withDatabase(server, ({ socket }) =>
      withSession(socket, async (session) => {
        const nothing = await within(session, [], () => catalogOf(session));
        for (const { name, text } of schemas.filter((_, at) => isTurnOf(usual, at))) {
          const found = await within(session, [text], async () => ({
            // What a database does not hold has to be on the server already.
            roles: await session.rows<{ sql: string }>(
              `select concat('create role ', quote_ident(rolname), case when rolsuper
                then ' superuser' end) as sql from pg_roles where oid >= 16384`,
            ),
            wanted: await catalogOf(session),
          })).catch(() => undefined);
          // It is about another version, or needs more than one transaction.
          if (found === undefined) continue;
          tried++;
          const { wanted } = found;
          const roles = found.roles.map(({ sql }) => sql);
          const halves = planAroundRows(nothing, wanted, kinds);
          for (const way of [halves, turned(halves)]) {
            const problem = await made(session, way, roles).then((reached) => {
              const difference = diff(reached, wanted, kinds);
              return Object.values(difference).flat().length > 0 ? JSON.stringify(difference) : null;
            }, describe);
            if (problem !== null) wrong.push(`${name}${way === halves ? '' : ', turned'}: ${problem}`);
          }
        }
      }),
    );
  } finally {
    await server.stop();
  }
  process.stdout.write(`${tried} schemas in two halves on PostgreSQL ${major}\n`);
  expect(wrong).toEqual([]);
  expect(tried).toBeGreaterThan(isFull ? 50 : 20);
});

const shop = `
  create function twice(int) returns int language sql immutable begin atomic select $1 * 2; end;
  create table users (id int generated always as identity primary key, boss int references users,
  name text unique,
    double int generated always as (twice(boss)) stored, check (id > 0));
  create table notes (id int primary key, by int not null, foreign key (by) references users);
  alter table notes add constraint late check (by < 3) not valid;
  alter table users add favourite int references notes;
  create index on notes (by);
  create view names as select id, name from users group by id;
  create materialized view loud as select upper(name) as name from users;
  create function loudest() returns text language sql begin atomic select max(name) from loud; end;
  create table log (at text default loudest());
  create function touch() returns trigger language plpgsql as $$begin raise 'it fires'; end$$;
  create trigger touch before insert on notes for each row execute function touch();
  create rule quiet as on insert to log do instead nothing;
  create table parts (id int primary key, at date) partition by range (id);
  create table part partition of parts for values from (0) to (10);
  alter table notes enable row level security; alter table notes force row level security;
  create policy mine on notes using (by = 1);
  revoke all on notes from current_user`;

const rows = `
  insert into public.users (id, boss, name, favourite) overriding system value values (1, 2, 'a', 7), (2,
  null, 'b', null);
  insert into public.notes values (7, 5);
  insert into public.part values (3, null);
  update public.notes set by = 1 where id = 7`;

test.each(servers())('rows come between: $major', async (server) => {
  await withDatabase(server, ({ socket }) =>
    withSession(socket, async (session) => {
      const nothing = await within(session, [], () => catalogOf(session));
      const wanted = await within(session, [shop], () => catalogOf(session));
      const halves = planAroundRows(nothing, wanted, kinds);
      expect(
        halves.before.filter(({ sql }) => /PRIMARY|REFERENCES|INDEX|TRIGGER|RULE|REVOKE|loud/.test(sql)),
      ).toEqual([]);
      expect(halves.after.filter(({ sql }) => /CREATE TABLE|ADD COLUMN/.test(sql))).toEqual([]);
      const reached = await made(session, halves, [], rows);
      expect(diff(reached, wanted, kinds)).toEqual({ added: [], removed: [], changed: [] });
    }),
  );
});
