// Two databases and a clone from one to the other, as tests want it.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCatalog } from '../../lib/catalog/read.ts';
import { type CloneReport, clone } from '../../lib/commands/clone.ts';
import type { CloneInput } from '../../lib/copy/options.ts';
import { type Digest, digestRelations } from '../../lib/flow/digest.ts';
import { kinds } from '../../lib/kinds/index.ts';
import type { Catalog } from '../../lib/model/catalog.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import type { Target } from '../../lib/project/world.ts';
import type { Members } from '../project/workspace.ts';
import { withSession } from '../proof/session.ts';

/** A context in which `source` and `target` are two URLs, and nobody waits. */
export function contextOf(source: string, target: string, more: Members = {}): Workspace {
  const root = join(tmpdir(), 'pgmage-no-project');
  const urls: Readonly<Record<string, string>> = { source, target };
  const members = {
    root,
    schema: join(root, 'schema.sql'),
    migrations: join(root, 'migrations'),
    cacheDir: join(tmpdir(), `pgmage-clone-cache-${process.getuid?.() ?? 'user'}`),
    embedded: join(root, 'database'),
    shadow: null,
    version: 'test',
    environment: async (name = 'source'): Promise<Target> => ({
      name,
      url: urls[name] ?? null,
      protected: false,
    }),
    now: () => new Date(),
    pause: async () => undefined,
    progress: () => undefined,
    ...more,
  };
  return openWorkspace(members, members);
}

/** Clones `source` to `target`, whatever that holds. */
export async function cloned(context: Workspace, input: CloneInput = {}): Promise<CloneReport> {
  await using workspace = openWorkspace(context.project, context.world);
  return clone(workspace, { from: 'source', to: 'target', yes: true, force: true, ...input }, undefined);
}

/** All that a database is: its schema, and the digests of its rows. */
export interface Whole {
  readonly catalog: Catalog;
  readonly digests: readonly Digest[];
}

/** Reads a database whole, in one state of it. */
export function wholeOf(url: string): Promise<Whole> {
  return withSession(url, (session) =>
    snapshot(session, async (reader) => ({
      catalog: await readCatalog(reader, kinds),
      digests: await digestRelations(reader),
    })),
  );
}

/** What there is beside `everything`: keys, triggers, policies, rules, privileges. */
export const more = `
  create table users (id int generated always as identity primary key, boss int references users,
  name text unique, check (id > 0));
  create table notes (id serial primary key, by int not null references users, at timestamptz default now());
  alter table users add favourite int references notes;
  create index on notes (by) where by > 1;
  insert into users (boss, name) values (null, 'a'), (1, 'b'), (1, null);
  insert into notes (by) values (1), (2);
  update users set favourite = 2;
  create function touch() returns trigger language plpgsql as $$begin new.at = now(); return new; end$$;
  create trigger touch before update on notes for each row execute function touch();
  alter table notes enable row level security;
  create policy own on notes using (by = 1);
  grant select (id) on users to public;
  comment on table users is 'who';
  create view bosses as select distinct boss from users;
  create rule away as on delete to notes do instead nothing;
  comment on large object 4711 is 'it''s large';
  grant select on large object 4711 to public`;

/** Names that newer servers reserve, and older ones and their pg_dump print without quotes. */
export const reservedLater = `
  create function takes("json" json default '{}') returns json language sql as 'select $1';
  create table "json_table" ("json" json); insert into "json_table" values ('{"a": 1}');`;
