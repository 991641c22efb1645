// Rows that a user put into the configuration tables of an extension come along; those that it brings itself
// do not come twice.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { CloneInput } from '../../lib/copy/options.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import { backupProject, digest } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { type OwnServer, startServer } from '../servers/server.ts';
import { cloned, contextOf } from './cloning.ts';

// An extension of the test's own: from 18 on a server looks for one where it is told to.
const majors = servers()
  .map(({ major }) => major)
  .filter((major) => major >= 18);
for (const { major } of servers().filter((one) => one.major < 18))
  process.stdout.write(
    `NOT RUN on PostgreSQL ${major}: rows of extensions. It has no extension_control_path.\n`,
  );

const script = `
create table @extschema@.settings (name text primary key, value text, own bool not null default true);
insert into @extschema@.settings values ('shipped', '1', false);
create table @extschema@.hits (id serial primary key, at text);
create table @extschema@.fixed (n int); insert into @extschema@.fixed values (1), (2);
select pg_catalog.pg_extension_config_dump('@extschema@.settings', 'where own');
select pg_catalog.pg_extension_config_dump('@extschema@.hits', '');
select pg_catalog.pg_extension_config_dump('@extschema@.hits_id_seq', '');`;

let folder: string;
let server: OwnServer;

beforeAll(async () => {
  const [major] = majors;
  if (major === undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'pgmage-extension-'));
  mkdirSync(join(folder, 'extension'));
  writeFileSync(
    join(folder, 'extension/own_rows.control'),
    `default_version = '1.0'\nrelocatable = false\nschema = kept`,
  );
  writeFileSync(join(folder, 'extension/own_rows--1.0.sql'), script);
  for (const path of [folder, join(folder, 'extension')]) chmodSync(path, 0o755);
  server = await startServer(major, { extension_control_path: `${folder}:$system` });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

const filled = `create extension own_rows; insert into kept.settings values ('mine', '2'), ('also', '3');
  insert into kept.hits (at) values ('here'), ('there'); create table t (id int); insert into t values (1)`;
const otherwise = `create extension own_rows; insert into kept.settings values ('old', '9');
  insert into kept.hits (at) select 'x' from generate_series(1, 9); create table t (id int)`;

const held = async ({ url }: Database) => [
  (await rowsOf<{ name: string }>(url, 'select name from kept.settings order by 1')).map(({ name }) => name),
  (await rowsOf<{ at: string }>(url, 'select at from kept.hits order by 1')).map(({ at }) => at),
  (await rowsOf(url, 'select from kept.fixed')).length,
  await rowsOf(url, `select last_value::int as at from kept.hits_id_seq`),
];
const wanted = [['also', 'mine', 'shipped'], ['here', 'there'], 2, [{ at: 2 }]];

async function moved(move: (source: Database, target: Database) => Promise<unknown>): Promise<void> {
  const [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  await rowsOf(source.url, filled);
  await rowsOf(target.url, otherwise);
  await move(source, target);
  expect(await held(target)).toEqual(wanted);
  expect(await digest(target.url)).toEqual(await digest(source.url));
  for (const one of [source, target]) await one.drop();
}

test.each<CloneInput>(majors.length === 0 ? [] : [{}, { dataOnly: true }, { swap: true, dropOld: true }])(
  'cloned: %o',
  async (how) => {
    await moved((source, target) => cloned(contextOf(source.url, target.url), how));
  },
);

test('backed up and restored, without client tools', async () => {
  if (majors.length === 0) return;
  await moved(async (source, target) => {
    const own = backupProject({ prod: source.url, copy: target.url });
    const { file } = await backup(own.context, { format: 'native', drill: true, on: 'prod' });
    await restore(own.context, file, { to: 'copy', yes: true, force: true }, undefined);
    own.drop();
  });
});

test('sequences of an extension that stays are not set by work that fails', async () => {
  if (majors.length === 0) return;
  const [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  await rowsOf(source.url, filled);
  await rowsOf(target.url, otherwise);
  const own = backupProject({ prod: source.url, copy: target.url });
  const { file } = await backup(own.context, { format: 'native' });
  const before = [await held(target), await digest(target.url)];
  const beforeCommit = async (connection: Connection) => void (await connection.execute('select 1 / 0'));
  const cloning = contextOf(source.url, target.url, { beforeCommit });
  const restoring = derive(own.context, { beforeCommit });
  const ways = [
    () => cloned(cloning),
    () => cloned(cloning, { dataOnly: true }),
    () => restore(restoring, file, { to: 'copy', yes: true, force: true }, undefined),
  ];
  for (const way of ways) {
    expect((await failure(way())).state).toMatch(/^(target|copy) is unchanged\.$/);
    expect([await held(target), await digest(target.url)]).toEqual(before);
  }
  own.drop();
  for (const one of [source, target]) await one.drop();
});

test('a sequence of an extension of another role, which lets the role set it', async () => {
  if (majors.length === 0) return;
  const [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  const role = `sequence_setter_${process.pid}`;
  await rowsOf(source.socket, filled);
  await rowsOf(
    target.socket,
    `${otherwise}; drop table t; create role ${role} login password 'x';
     alter database ${target.name} owner to ${role}; grant usage on schema kept to ${role};
     grant all on all tables in schema kept to ${role}; grant all on sequence kept.hits_id_seq to ${role}`,
  );
  const url = new URL(target.url);
  url.username = role;
  url.password = 'x';
  const own = backupProject({ prod: source.socket, copy: url.href });
  try {
    await cloned(contextOf(source.socket, url.href), { noOwner: true });
    expect(await held(target)).toEqual(wanted);
    const { file } = await backup(own.context, { format: 'native' });
    await rowsOf(target.socket, `select setval('kept.hits_id_seq', 9, false)`);
    await restore(own.context, file, { to: 'copy', yes: true, force: true, noOwner: true }, undefined);
    expect(await held(target)).toEqual(wanted);
  } finally {
    own.drop();
    for (const one of [source, target]) await one.drop();
    await rowsOf(server.socket(), `drop role ${role}`);
  }
});

test('a backup names rights that lack on rows of extensions with all others, before it reads', async () => {
  if (majors.length === 0) return;
  const source = await freshDatabase(server);
  const role = `extension_reader_${process.pid}`;
  await rowsOf(
    source.socket,
    `${filled}; select lo_from_bytea(7, 'x'); create role ${role} login password 'x'`,
  );
  const reader = new URL(source.url);
  reader.username = role;
  reader.password = 'x';
  const own = backupProject({ prod: reader.href });
  try {
    const refused = await failure(backup(own.context, { format: 'native' }));
    expect([refused.message, refused.hint]).toEqual([
      'prod: permission denied for kept.hits, kept.hits_id_seq, kept.settings, public.t; ' +
        'permission denied for large object 7',
      `Let this role read all rows: GRANT pg_read_all_data TO ${role};` +
        ` GRANT SELECT ON LARGE OBJECT 7 TO ${role}; Or connect as a superuser.`,
    ]);
    await rowsOf(
      source.socket,
      `grant pg_read_all_data to ${role}; grant select on large object 7 to ${role}`,
    );
    expect((await backup(own.context, { format: 'native' })).file).toContain('prod');
  } finally {
    own.drop();
    await source.drop();
    await rowsOf(server.socket(), `drop role ${role}`);
  }
});
