// Objects that only some roles may create: the server is asked beforehand, and all of them are named at once.
import pg from 'pg';
import { expect, test } from 'vitest';
import { explainExtensions, findExtensions } from '../../lib/copy/extensions.ts';
import { connect } from '../../lib/pg/connect.ts';
import type { ServerConnection } from '../../lib/pg/connection.ts';
import { rowsOf } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { cloned, contextOf } from './cloning.ts';
import { faultsOf, reasonsOf, withRoles } from './rights-scene.ts';

test.each(servers())('what only superusers may create, and tablespaces: $major', async (server) => {
  await withRoles(server, async (scene) => {
    const { source, url, role } = scene;
    const space = `space_${role}`;
    const client = new pg.Client(server.socket());
    await client.connect();
    await client.query('set allow_in_place_tablespaces = on');
    await client.query(`create tablespace ${space} location ''`);
    await client.end();
    await rowsOf(
      source.socket,
      `create language plx handler pg_catalog.plpgsql_call_handler; create foreign data wrapper far;
       create text search template given (lexize = dsimple_lexize); create operator family sorted using btree;
       create access method rows type table handler heap_tableam_handler; create type shell;
       create table kept (i int); insert into kept values (1);
       create table t (i int) tablespace ${space}`,
    );
    const start = `the role ${role} of NAME cannot`;
    const made = (kind: string, name: string) => [`${start} create the ${kind} ${name}`, `${kind}:${name}`];
    const objects = [
      made('language', 'plx'),
      made('foreign data wrapper', 'far'),
      made('text search template', 'public.given'),
      made('operator family', 'public.sorted USING btree'),
      made('access method', 'rows'),
      made('shell type', 'public.shell'),
    ];
    const usage = `${start} use the tablespaces ${space}. Run there: GRANT CREATE ON TABLESPACE ${space} TO ${role};`;
    const faults = await faultsOf(scene, { noOwner: true });
    expect([...faults].sort()).toEqual(
      [
        ...objects.map(
          ([text, id]) => `${text}. To go on, connect as a superuser, or pass --exclude '${id}'`,
        ),
        usage,
      ].sort(),
    );
    expect([...(await reasonsOf(scene, true))].sort()).toEqual(
      [...objects.map(([text]) => `${text}. To go on, connect as a superuser`), usage].sort(),
    );
    const { done } = await cloned(contextOf(source.socket, url), { noOwner: true, tables: ['kept'] });
    expect(done?.tables).toEqual([{ name: 'public.kept', rows: 1 }]);
    await rowsOf(server.socket(), `grant create on tablespace ${space} to ${role}`);
    const exclude = objects.map(([, id = '']) => id);
    const { done: rest } = await cloned(contextOf(source.socket, url), { noOwner: true, exclude });
    expect(rest?.tables).toHaveLength(2);
    await rowsOf(source.socket, 'drop table t');
    await rowsOf(scene.target.socket, 'drop table t');
    await rowsOf(server.socket(), `drop tablespace ${space}`);
  });
});

test('an extension of another role, in a swap: what another database says', async () => {
  const server = anyServer();
  await withRoles(server, async ({ source, target, url, role }) => {
    await rowsOf(target.socket, 'create extension pageinspect');
    const wanted = [{ name: 'pageinspect', version: null, schema: null }];
    const open = (at: string) => connect({ url: at, applicationName: 'pgmage tests' });
    const connection = await open(url);
    const found = await findExtensions(connection, wanted);
    const own = new URL(source.url);
    own.username = role;
    own.password = 'x';
    // Another role stands for a host that gives the role such rights.
    const said = (beside: () => Promise<ServerConnection>) =>
      explainExtensions({ name: 'target', connection, way: 'elsewhere', beside }, found);
    const fault = expect.stringContaining(
      `the role ${role} of target cannot create the extension pageinspect`,
    );
    expect(await said(() => open(own.href))).toEqual([fault]);
    expect(await said(() => Promise.reject(new Error('no other database')))).toEqual([fault]);
    expect(await said(() => open(source.url))).toEqual([]);
    expect(await rowsOf(source.socket, 'select from pg_extension where extname <> $$plpgsql$$')).toEqual([]);
    await connection.close();
  });
});
