// Grants on members of extensions, between a database and schema files in the embedded shadow or in one on a
// server.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pull } from '../../lib/commands/pull.ts';
import { compare } from '../../lib/compare/compare.ts';
import { cloned, contextOf } from '../copy/cloning.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';

const role = `extension_reader_${process.pid}`;
let cache: string;

beforeAll(async () => {
  cache = await freshCache();
  for (const server of servers()) await rowsOf(server.socket(), `create role ${role}`);
});
afterAll(async () => {
  for (const server of servers()) await rowsOf(server.socket(), `drop role ${role}`);
  await rm(cache, { recursive: true });
});

const usual = `create extension hstore; create extension pg_stat_statements; create extension pgstattuple;
  create extension postgres_fdw;`;
const granted = `${usual} revoke execute on function hstore(text, text) from public; grant usage
  on type hstore to ${role};
  grant execute on function hstore(text, text) to ${role}, postgres; revoke select on pg_stat_statements
  from public;
  revoke usage on language plpgsql from public; grant usage on foreign data wrapper postgres_fdw to ${role};`;

const up = [
  `GRANT EXECUTE ON FUNCTION public.hstore(text,text) TO ${role}`,
  `GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${role}`,
  `GRANT USAGE ON TYPE public.hstore TO ${role}`,
  'REVOKE EXECUTE ON FUNCTION public.hstore(text,text) FROM PUBLIC',
  'REVOKE SELECT ON TABLE public.pg_stat_statements FROM PUBLIC',
  'REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC',
];
const down = [
  'GRANT EXECUTE ON FUNCTION public.hstore(text,text) TO PUBLIC',
  'GRANT SELECT ON TABLE public.pg_stat_statements TO PUBLIC',
  'GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC',
  `REVOKE EXECUTE ON FUNCTION public.hstore(text,text) FROM ${role}`,
  `REVOKE USAGE ON FOREIGN DATA WRAPPER postgres_fdw FROM ${role}`,
  `REVOKE USAGE ON TYPE public.hstore FROM ${role}`,
];

test.each(servers())('they are compared in both directions: $major', async (server) => {
  for (const shadow of [null, anyServer().url()])
    await withDatabase(server, async (database) => {
      const own = project(database.url, cache, () => ({ shadow }));
      const differing = async () => {
        const found = await compare(own.context, 'local', own.context.project.schema);
        return [found.up.map(({ sql }) => sql).sort(), found.down.map(({ sql }) => sql).sort()];
      };
      await rowsOf(database.socket, usual);
      own.want(granted);
      expect(await differing()).toEqual([up, down]);
      await rowsOf(database.socket, up.join(';'));
      expect(await differing()).toEqual([[], []]);
      own.want(usual);
      expect(await differing()).toEqual([down, up]);
      // The embedded shadow has no members of pgstattuple: schema files can say nothing of them there.
      await rowsOf(database.socket, `grant execute on function pgstattuple(text) to ${role}`);
      own.want(granted);
      const said =
        shadow === null ? [] : [`REVOKE EXECUTE ON FUNCTION public.pgstattuple(text) FROM ${role}`];
      expect((await differing())[0]).toEqual(said);
      own.drop();
    });
});

test.each(servers())(
  'grants on columns of members are compared, cloned and pulled: $major',
  async (server) => {
    const column = `grant select (calls, queryid) on pg_stat_statements to ${role}`;
    for (const shadow of [null, anyServer().url()])
      await withDatabase(server, (database) =>
        withDatabase(server, async (target) => {
          const own = project(database.url, cache, () => ({ shadow }));
          await rowsOf(
            database.socket,
            `${usual} revoke select on pg_stat_statements from public; ${column}`,
          );
          own.want(`${usual} revoke select on pg_stat_statements from public;`);
          const found = await compare(own.context, 'local', own.context.project.schema);
          const statements = found.up.map(({ sql }) => sql).join('; ');
          expect(statements).toMatch(/REVOKE SELECT .*calls.* ON TABLE public.pg_stat_statements FROM /);
          await rowsOf(database.socket, `begin; ${statements}; rollback`);
          own.want(`${usual} revoke select on pg_stat_statements from public; ${column};`);
          expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
          await cloned(contextOf(database.url, target.url));
          expect((await compare(own.context, database.url, target.url)).same).toBe(true);
          const pulled = project(target.url, cache, () => ({ shadow }));
          await pull(derive(pulled.context, { shadowSuperuser: true }), {}, undefined);
          expect((await compare(pulled.context, 'local', pulled.context.project.schema)).same).toBe(true);
          for (const one of [own, pulled]) one.drop();
        }),
      );
  },
);

test.each(servers())('a clone and a pull have them: $major', async (server) => {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await rowsOf(source.socket, granted);
      await cloned(contextOf(source.url, target.url));
      const own = project(target.url, cache);
      await pull(own.context, {}, undefined);
      expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
      expect((await compare(own.context, source.url, target.url)).same).toBe(true);
      own.drop();
    }),
  );
});
