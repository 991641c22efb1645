// Schemas that stay with an extension of another role, and objects that go with a schema: no rights on their
// owners are needed.
import { expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import { backupProject } from '../backup/scene.ts';
import { rowsOf } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { cloned, contextOf, wholeOf } from './cloning.ts';
import { faultsOf, reasonsOf, withRoles } from './rights-scene.ts';

const extension = 'create schema ext; create extension pg_trgm schema ext';

test.each(servers())('the owner of a schema that stays with an extension: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url, role } = scene;
    for (const one of [source, target]) await rowsOf(one.socket, extension);
    await rowsOf(
      source.socket,
      `create table t (i int); alter table t owner to ${role}; insert into t values (1)`,
    );
    const { done } = await cloned(contextOf(source.socket, url));
    expect(done?.tables).toEqual([{ name: 'public.t', rows: 1 }]);
    const own = backupProject({ prod: source.socket, copy: url });
    const { file } = await backup(own.context, { format: 'native' });
    await restore(own.context, file, { to: 'copy', yes: true, force: true }, undefined);
    own.drop();
    expect((await wholeOf(target.socket)).digests).toEqual((await wholeOf(source.socket)).digests);
    // A new database has no such schema, and neither does a target that lost it.
    await rowsOf(server.socket(), `alter role ${role} createdb`);
    const fault = expect.stringMatching(/ cannot make \S+ the owner of objects\./);
    expect(await faultsOf(scene, { swap: true, dropOld: true })).toEqual([fault]);
    await rowsOf(target.socket, 'drop schema ext cascade');
    expect(await faultsOf(scene)).toEqual([fault]);
    expect(await reasonsOf(scene)).toEqual([fault]);
  });
});

test.each(servers())('a schema that stays need not be created: $major', async (server) => {
  await withRoles(server, async ({ source, target, url, role }) => {
    for (const one of [source, target]) await rowsOf(one.socket, extension);
    await rowsOf(source.socket, 'create table t (i int); insert into t values (1)');
    await rowsOf(
      target.socket,
      `alter database ${target.name} owner to current_user; grant create on schema public to ${role}`,
    );
    const { done } = await cloned(contextOf(source.socket, url), { noOwner: true });
    expect(done?.tables).toEqual([{ name: 'public.t', rows: 1 }]);
  });
});

test.each(servers())('objects of others go with a schema of the role: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url, role, other } = scene;
    await rowsOf(source.socket, 'create table t (i int)');
    await rowsOf(
      target.socket,
      `create schema s authorization ${role}; grant all on schema s to ${other}; set role ${other};
       create table s.t (a int, b int); create statistics s.both on a, b from s.t;
       create collation s.c from "C"; create text search dictionary s.d (template = simple);
       create text search configuration s.f (copy = simple);
       create operator s.=== (leftarg = int, rightarg = int, function = int4eq);
       create conversion s.v for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
       alter default privileges in schema s grant select on tables to public;
       grant select on s.t to ${role}; reset role; create table u (a int, b int);
       create statistics u_both on a, b from u; alter table u owner to ${other};
       alter statistics u_both owner to ${other}; grant select on u to ${role}`,
    );
    await cloned(contextOf(source.socket, url), { noOwner: true });
    expect(await rowsOf(target.socket, `select from pg_namespace where nspname = 's'`)).toEqual([]);
    await rowsOf(
      target.socket,
      `alter default privileges for role ${other} in schema public grant select on tables to public`,
    );
    expect((await faultsOf(scene, { noOwner: true }))[0]).toContain(`of ${other}. Run there: GRANT`);
  });
});
