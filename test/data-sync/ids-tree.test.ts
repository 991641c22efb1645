// Trees: tables that refer to themselves, whose rows have other ids in the target.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import type { DataIdsConfig } from '../../lib/config/data.ts';
import { contextOf } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { isFull } from '../servers/running.ts';
import { listChanges, withSynced } from './syncing.ts';

// Children come before their parents, and a ring is among them.
const source = `create table nodes (id int primary key, up int references nodes, twin int references nodes, name text);
  insert into nodes select n, null, null, 'node ' || n from generate_series(1, 120) n;
  update nodes set up = case when id <= 60 then id * 2 when id < 120 then 120 end, twin = 121 - id;
  update nodes set up = 40 where id = 80`;
interface Form {
  readonly name: string;
  readonly ids: DataIdsConfig;
  readonly target: string;
  /** Old ids of the target's rows: old, up, twin. */
  readonly links: string;
}
const joined = (old: (alias: string) => string, join: (alias: string, column: string) => string) =>
  `select ${old('n')} as id, ${old('u')} as up, ${old('w')} as twin, n.name from nodes n ${join('u', 'n.up')} ${join('w', 'n.twin')}`;
const forms: readonly Form[] = [
  {
    name: 'a table of ids',
    ids: { table: 'id_map', old: 'old', new: 'new' },
    target: `create table id_map (old bigint primary key, new uuid not null unique);
      create table nodes (id uuid primary key, up uuid references nodes, twin uuid references nodes, name text)`,
    links: `select m.old::int as id, u.old::int as up, w.old::int as twin, n.name from nodes n join id_map m on m.new = n.id
      left join id_map u on u.new = n.up left join id_map w on w.new = n.twin order by 1`,
  },
  {
    name: 'a table of ids that refers to the rows',
    ids: { table: 'id_map', old: 'old', new: 'new', gone: 'delete' },
    target: `create table nodes (id bigserial primary key, up bigint references nodes, twin bigint references nodes, name text);
      create table id_map (old bigint primary key, new bigint not null unique references nodes deferrable initially deferred)`,
    links: `select m.old::int as id, u.old::int as up, w.old::int as twin, n.name from nodes n join id_map m on m.new = n.id
      left join id_map u on u.new = n.up left join id_map w on w.new = n.twin order by 1`,
  },
  {
    name: 'a column',
    ids: { column: 'old' },
    target: `create table nodes (id uuid primary key, old int unique, up uuid references nodes, twin uuid references nodes, name text)`,
    links: `${joined(
      (alias) => `${alias}.old`,
      (alias, column) => `left join nodes ${alias} on ${alias}.id = ${column}`,
    )} order by 1`,
  },
];
const inSource = 'select id, up, twin, name from nodes order by id';

test.each(
  forms.flatMap((form) =>
    (isFull ? [undefined, 1, 10] : [undefined, 10]).map((batch) => ({ ...form, batch })),
  ),
)('$name, batch $batch', async ({ ids, target, links, batch }) => {
  const data = { tables: { nodes: { ids } } };
  const root = mkdtempSync(join(tmpdir(), 'pgmage-tree-'));
  try {
    await withSynced({ source, target, data }, async ({ source: from, target: to }) => {
      await using workspace = contextOf(from.url, to.url, { data, root });
      const sync = () =>
        dataSync(
          workspace,
          { from: 'source', to: 'target', yes: true, force: true, ...(batch && { batch }) },
          undefined,
        );
      const expectEqual = async () => {
        expect(await rowsOf(to.url, links)).toEqual(await rowsOf(from.url, inSource));
        expect((await dataDiff(workspace, { from: 'source', to: 'target' })).isSame).toBe(true);
      };
      expect(listChanges(await sync())).toEqual({ 'public.nodes': '120/0/0' });
      await expectEqual();
      // A subtree goes, another one moves, new leaves refer to new parents, a new ring.
      await rowsOf(
        from.url,
        `update nodes set twin = null; delete from nodes where up in (61, 62) or id in (61, 62) or id in (31) or up in (31);
           update nodes set up = 64 where id in (3, 5, 7); insert into nodes values (201, 202, 203, 'leaf'), (202, 1, 204, 'parent'),
             (203, 204, 204, 'ring'), (204, 203, 120, 'ring')`,
      );
      const before = await rowsOf(to.url, `${links.replace(/ order by 1$/, '')} order by 1`);
      const report = await sync();
      await expectEqual();
      expect(listChanges(await sync())).toEqual({});
      await dataUndo(workspace, report.run?.id ?? '', { env: 'target', yes: true, force: true }, undefined);
      expect(await rowsOf(to.url, links)).toEqual(before);
      await sync();
      await expectEqual();
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.each([undefined, 1])(
  'a parent that takes no part is named, and nothing is changed, batch %s',
  async (batch) => {
    const data = { tables: { nodes: { ids: { column: 'old' }, where: { from: 'id <> 2' } } } };
    const given = {
      source: `create table nodes (id int primary key, up int references nodes); insert into nodes values (2, null), (1, 2)`,
      target: 'create table nodes (id uuid primary key, old int unique, up uuid references nodes)',
    };
    await withSynced({ ...given, data, input: batch ? { batch } : {} }, async ({ target, sync }) => {
      const problem = await failure(sync());
      expect(problem.message).toContain(
        '1 row that refers by up to rows of public.nodes that have no new id, for example 2',
      );
      expect(await rowsOf(target.url, 'select from nodes')).toEqual([]);
    });
  },
);

// The foreign key of the mapping acts on it, so its triggers are off while the rows are written.
test('a trigger of the mapping does not run while triggers are off, and never as the session', async () => {
  const target = `create table nodes (id bigserial primary key, up bigint references nodes, twin bigint references nodes, name text);
    create table id_map (old bigint primary key, new bigint not null unique references nodes on delete cascade);
    create table seen (who name);
    create function note() returns trigger language plpgsql as $$ begin
      insert into public.seen values (current_user); return new; end $$;
    create trigger note before insert on id_map for each row execute function note();
    create role tree_owner; grant all on schema public to tree_owner; alter table nodes owner to tree_owner;
    alter table id_map owner to tree_owner; alter table seen owner to tree_owner; alter function note() owner to tree_owner`;
  const data = { tables: { nodes: { ids: { table: 'id_map', old: 'old', new: 'new' } } } };
  await withSynced({ source, target, data, input: { force: true } }, async ({ target: { url }, sync }) => {
    try {
      expect(listChanges(await sync())).toEqual({ 'public.nodes': '120/0/0' });
      expect(await rowsOf(url, 'select who from seen')).toEqual([]);
      expect(await rowsOf(url, `select tgenabled::text as is from pg_trigger where tgname = 'note'`)).toEqual(
        [{ is: 'O' }],
      );
    } finally {
      await rowsOf(url, 'drop owned by tree_owner cascade; drop role tree_owner');
    }
  });
});
