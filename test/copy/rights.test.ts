// A role without superuser rights clones and restores: the checks beforehand name each right that it lacks.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import { restoreScript } from '../../lib/commands/restore-script.ts';
import { format as formatProblem } from '../../lib/problem/problem.ts';
import { backupProject, dumpable } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { cloned, contextOf, wholeOf } from './cloning.ts';
import { faultsOf, reasonsOf, type Scene, withRoles } from './rights-scene.ts';

// A backup is good although the role cannot try it.
async function expectGoodBackup({ source, url }: Scene): Promise<void> {
  const own = backupProject({ prod: source.socket, copy: url });
  const input = { format: 'native', drill: true, on: 'copy', noOwner: true } as const;
  const refused = await failure(backup(own.context, input));
  expect(refused.code).toBe('unfit_target');
  expect(refused.state).toMatch(/^The backup \S+\.native is made and complete\. Only its drill failed\.$/);
  expect(formatProblem(refused)).toContain(`\n${refused.state}\n`);
  expect(readdirSync(own.folder)).toHaveLength(2);
  own.drop();
}

test.each(servers())('owners that the role is no member of: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url, role, other } = scene;
    await rowsOf(
      source.socket,
      `create schema s authorization ${other}; create table s.t (i int); alter table s.t owner to ${other};
       create schema free authorization ${role}; create table free.t (i int); insert into free.t values (1);
       alter table free.t owner to ${role}`,
    );
    const fault = (way: string) =>
      `the role ${role} of NAME cannot make ${other} the owner of objects.` +
      ` Pass --no-owner, or run there: ${way}`;
    const grant = `GRANT ${other} TO ${role};`;
    expect(await faultsOf(scene)).toEqual([fault(grant)]);
    expect(await reasonsOf(scene)).toEqual([fault(grant)]);
    // A part that they own nothing of.
    const { done } = await cloned(contextOf(source.socket, url), { tables: ['free.t'] });
    expect(done?.tables).toEqual([{ name: 'free.t', rows: 1 }]);
    const { done: owned } = await cloned(contextOf(source.socket, url), { noOwner: true });
    expect(owned?.tables).toHaveLength(2);
    if (server.major >= 16) {
      await rowsOf(server.socket(), `grant ${other} to ${role} with set false`);
      const again = `${grant.slice(0, -1)} WITH INHERIT TRUE, SET TRUE;`;
      expect(await faultsOf(scene)).toEqual([fault(again)]);
      await rowsOf(server.socket(), again);
    } else {
      await rowsOf(server.socket(), `${grant} alter role ${role} noinherit`);
      expect(await faultsOf(scene)).toEqual([fault(`ALTER ROLE ${role} INHERIT;`)]);
      await rowsOf(server.socket(), `alter role ${role} inherit`);
    }
    await cloned(contextOf(source.socket, url));
    expect((await wholeOf(target.socket)).digests).toEqual((await wholeOf(source.socket)).digests);
  });
});

test.each(servers())('rows of tables that belong to another role: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url, role, other } = scene;
    const schema = `create table a (i int primary key, n serial); create table b (i int references a);
      create table mine (i int); alter table mine owner to ${role};
      alter table a owner to ${other}; alter table b owner to ${other};`;
    await rowsOf(
      source.socket,
      `${schema} insert into a values (1); insert into b values (1);
      insert into mine values (1)`,
    );
    await rowsOf(target.socket, `${schema} insert into a values (2); insert into mine values (2)`);
    const context = contextOf(source.socket, url);
    const before = await wholeOf(target.socket);
    const refused = async () => {
      const { code, message } = await failure(cloned(context, { dataOnly: true }));
      expect(code).toBe('clone_refused');
      expect((await wholeOf(target.socket)).digests).toEqual(before.digests);
      return message;
    };
    const fault = (names: string) =>
      `the role ${role} of target cannot replace the rows of ${names} of ${other}.` +
      ` Run there: GRANT ${other} TO ${role};`;
    expect(await refused()).toContain(fault('public.a, public.a_n_seq, public.b'));
    // Its own table alone.
    const { done } = await cloned(context, { dataOnly: true, tables: ['mine'] });
    expect(done?.tables).toEqual([{ name: 'public.mine', rows: 1 }]);
    await rowsOf(target.socket, 'update mine set i = 2');
    // With these rights it lacks only the one to drop the foreign key for a time.
    await rowsOf(
      target.socket,
      `grant truncate, insert, select on a, b to ${role}; grant select, update on a_n_seq to ${role}`,
    );
    expect(await refused()).toContain(fault('public.b'));
    await rowsOf(target.socket, `revoke all on a, b, a_n_seq from ${role}; grant ${other} to ${role}`);
    await cloned(context, { dataOnly: true });
    expect((await wholeOf(target.socket)).digests).toEqual((await wholeOf(source.socket)).digests);
  });
});

test.each(servers())('extensions that the role may not create: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url, role } = scene;
    await rowsOf(
      source.socket,
      'create extension pageinspect; create extension hstore; create table t (i int)',
    );
    const fault = `the role ${role} of NAME cannot create the extension pageinspect. To go on,`;
    const way = 'let a superuser run there: CREATE EXTENSION pageinspect;';
    const exclude = 'pass --exclude extension:pageinspect, or';
    const noOwner = { noOwner: true };
    expect(await faultsOf(scene, noOwner)).toEqual([`${fault} ${exclude} ${way}`]);
    expect(await reasonsOf(scene, true)).toEqual([`${fault} ${way}`]);
    await rowsOf(server.socket(), `alter role ${role} createdb`);
    await expectGoodBackup(scene);
    expect(await faultsOf(scene, { swap: true, ...noOwner })).toEqual([
      `${fault} ${exclude} connect as a superuser`,
    ]);
    expect(
      (await cloned(contextOf(source.socket, url), { tables: ['t'], noOwner: true })).done,
    ).not.toBeNull();
    await rowsOf(target.socket, 'create extension pageinspect');
    expect(await faultsOf(scene, { swap: true, ...noOwner })).toEqual([
      `${fault} ${exclude} connect as a superuser`,
    ]);
    await cloned(contextOf(source.socket, url), { noOwner: true });
    // One that is trusted needs a right on the database.
    await rowsOf(server.socket(), `alter database ${target.name} owner to current_user`);
    await rowsOf(target.socket, 'drop extension hstore');
    const [first] = await faultsOf(scene, { noOwner: true });
    expect(first).toBe(
      `the role ${role} of NAME cannot create the extension hstore.` +
        ` Run there: GRANT CREATE ON DATABASE ${target.name} TO ${role};`,
    );
  });
});

test.each(servers())('extensions of another role that are elsewhere: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url } = scene;
    await rowsOf(source.socket, 'create schema ext; create extension pg_trgm schema ext');
    await rowsOf(target.socket, 'create extension pg_trgm');
    const [{ owner }] = (await rowsOf<{ owner: string }>(
      target.socket,
      'select current_user::text as owner',
    )) as [{ owner: string }];
    const fault =
      `the extension pg_trgm is in the schema public of NAME instead of ext.` +
      ` Let its owner ${owner} run: ALTER EXTENSION pg_trgm SET SCHEMA ext;`;
    expect(await faultsOf(scene, { noOwner: true })).toEqual([fault]);
    await rowsOf(target.socket, 'create schema ext; alter extension pg_trgm set schema ext');
    const piped = await dumpable('--engine pipe and extensions of others');
    const undroppable =
      `the role of NAME cannot drop the extension pg_trgm of ${owner}. To go on, use the engine native,` +
      ' which leaves it there';
    const expectUndroppable = async () => {
      if (piped.some(({ port }) => port === server.port))
        expect(await faultsOf(scene, { noOwner: true, engine: 'pipe' })).toEqual([undroppable]);
    };
    await expectUndroppable();
    await cloned(contextOf(source.socket, url), { noOwner: true });
    // The source has its schema alone.
    await rowsOf(source.socket, 'drop extension pg_trgm');
    await expectUndroppable();
  });
});

test.each(servers())('objects of other roles, and schemas: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url, role, other } = scene;
    await rowsOf(source.socket, 'create schema s; create table s.t (i int); create table u (i int)');
    await rowsOf(
      target.socket,
      `create schema theirs authorization ${other}; create table theirs.kept (i int);
       alter table theirs.kept owner to ${other}; create table dropped (i int);
       grant select on dropped to ${role}`,
    );
    const fault =
      `the role ${role} of NAME cannot drop schema theirs, table theirs.kept of ${other}.` +
      ` Run there: GRANT ${other} TO ${role};`;
    const noOwner = { noOwner: true };
    expect(await faultsOf(scene, noOwner)).toEqual([fault]);
    await rowsOf(server.socket(), `grant ${other} to ${role}`);
    await cloned(contextOf(source.socket, url), noOwner);
    await rowsOf(
      server.socket(),
      `revoke ${other} from ${role}; alter database ${target.name} owner to current_user`,
    );
    const faults = await faultsOf(scene, noOwner);
    expect(faults[0]).toContain(`cannot create the schema s. Run there: GRANT CREATE ON DATABASE`);
    expect(faults[1]).toContain(`cannot create objects in the schema public. Run there: ALTER DATABASE`);
  });
});

test.each(servers())('extensions of another role stay, also if the copy has none: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, target, url, other } = scene;
    await rowsOf(source.socket, 'create table t (i int); insert into t values (1); create extension hstore');
    await rowsOf(
      target.socket,
      `create schema ext; create extension hstore schema ext; create extension pg_trgm;
       grant usage on schema ext to ${other}; grant execute on function similarity to ${other};
       comment on extension pg_trgm is 'theirs'`,
    );
    const before = await rowsOf(
      target.socket,
      'select extname, extnamespace::regnamespace from pg_extension',
    );
    const { done } = await cloned(contextOf(source.socket, url), { tables: ['t'], noOwner: true });
    expect(done?.tables).toEqual([{ name: 'public.t', rows: 1 }]);
    expect(done?.notes).toEqual([
      expect.stringMatching(/^the extension hstore of \S+ stays in target$/),
      expect.stringMatching(/^the extension pg_trgm of \S+ stays in target$/),
    ]);
    await rowsOf(source.socket, 'drop extension hstore');
    await cloned(contextOf(source.socket, url), { noOwner: true });
    const own = backupProject({ prod: source.socket, copy: url });
    const { file } = await backup(own.context, { format: 'native' });
    const input = { to: 'copy', yes: true, force: true, noOwner: true };
    const { proof } = await restore(own.context, file, input, undefined);
    expect(proof).toMatchObject({
      rows: 1,
      notes: done?.notes.map((text) => text.replace(/target$/, 'copy')),
    });
    own.drop();
    expect(
      await rowsOf(target.socket, 'select extname, extnamespace::regnamespace from pg_extension'),
    ).toEqual(before);
  });
});

test.each(servers())('an event trigger, which would be created last: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, url, role } = scene;
    await rowsOf(
      source.socket,
      `create table t (i int); create function f() returns event_trigger language plpgsql as 'begin end';
       create event trigger late on sql_drop execute function f()`,
    );
    expect(await faultsOf(scene, { noOwner: true })).toEqual([
      `the role ${role} of NAME cannot create an event trigger. To go on, connect as a superuser,` +
        ` or pass --exclude 'event trigger:late'`,
    ]);
    expect(await reasonsOf(scene, true)).toEqual([
      `the role ${role} of NAME cannot create an event trigger. To go on, connect as a superuser`,
    ]);
    await rowsOf(server.socket(), `alter role ${role} createdb`);
    expect(await faultsOf(scene, { noOwner: true, swap: true, dropOld: true })).toEqual([
      expect.stringContaining(`the role ${role} of NAME cannot create an event trigger.`),
    ]);
    const { done } = await cloned(contextOf(source.socket, url), {
      noOwner: true,
      exclude: ['event trigger:late'],
    });
    expect(done?.tables).toHaveLength(1);
  });
});

test('an event trigger in the target, and a script that would drop what is there', async () => {
  await withRoles(anyServer(), async (scene) => {
    const { source, target, url, role } = scene;
    const folder = mkdtempSync(join(tmpdir(), 'pgmage-rights-'));
    writeFileSync(join(folder, 'made.sql'), 'create table made (i int);');
    await rowsOf(source.socket, 'create table t (i int)');
    await rowsOf(
      target.socket,
      `create function f() returns event_trigger language plpgsql as 'begin end';
       create event trigger theirs on sql_drop execute function f()`,
    );
    const start = `the role ${role} of NAME cannot drop event trigger theirs of `;
    expect((await faultsOf(scene, { noOwner: true }))[0]).toContain(start);
    expect((await reasonsOf(scene, true))[0]).toContain(start);
    const input = { to: 'target', dir: folder, yes: true, force: true };
    const refused = await failure(restoreScript(contextOf(source.socket, url), 'made.sql', input, undefined));
    expect(refused.message).toContain(start.replace('NAME', 'target'));
    const { loaded } = await restoreScript(
      contextOf(source.socket, url),
      'made.sql',
      { ...input, append: true },
      undefined,
    );
    expect(loaded).toMatchObject({ statements: 1 });
    rmSync(folder, { recursive: true });
  });
});
