// A shadow on a server: definitions that were read from a database do not run there with a superuser's
// rights.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pull } from '../../lib/commands/pull.ts';
import { status } from '../../lib/commands/status.ts';
import { readBack } from '../../lib/compare/read-back.ts';
import { readSource } from '../../lib/project/source.ts';
import { backupProject } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { derive } from '../project/workspace.ts';
import { withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { marksIn } from './marks.ts';
import { marking } from './tricks.ts';

test.each(servers())('a shadow of a superuser is refused for a database: $version', async (server) => {
  const role = `shadowed_${process.pid}`;
  const owner = { role, mark: `HOSTILE ${role}` };
  const cache = await freshCache();
  await query(
    server.socket(),
    `create role ${role}; create role ${role}_maker login createdb createrole password 'maker'`,
  );
  try {
    await withDatabase(server, async (database) => {
      await query(
        database.url,
        `alter database ${database.name} owner to ${role}; set session authorization ${role};
        create schema hh; ${marking(owner)} create function hh.evil(int) returns int language plpgsql
        immutable as $$begin perform hh.marked('shadow'); return $1; end$$;
        create table hh.parts (id int) partition by range ((id + hh.evil(1)));
        create view hh.listed as select 1 as id`,
      );
      const own = backupProject({ prod: database.url });
      await using context = derive(own.context, { cacheDir: cache, shadow: server.url() });
      const marks = marksIn(server, owner);
      const pulled = { from: 'prod', out: join(context.project.root, 'pulled.sql'), force: true };

      const { code, message, hint } = await failure(pull(context, pulled, undefined));
      expect([code, message]).toEqual(['shadow_superuser', expect.stringContaining('postgres')]);
      expect(hint).toContain('shadowSuperuser');
      const catalog = await readSource(context, 'prod');
      const views = [...catalog.facts.keys()].filter((id) => id.startsWith('view:'));
      expect(views).toHaveLength(1);
      expect((await failure(readBack(context, catalog, views))).code).toBe('shadow_superuser');
      expect(marks.overreached()).toEqual([]);

      // Files are the user's own.
      await writeFile(context.project.schema, 'create schema hh; create view hh.listed as select 1 as id;');
      await status(context, { env: 'prod' });
      const files = await readSource(context, context.project.schema);
      expect([...(await readBack(context, files, views)).facts.keys()]).toEqual(views);

      // A role without these rights may do all of it, and its code gains nothing.
      const maker = new URL(server.url());
      [maker.username, maker.password] = [`${role}_maker`, 'maker'];
      const all = [...catalog.facts.keys()];
      await using made = derive(context, { shadow: maker.href });
      const again = await readBack(made, catalog, all);
      expect([...again.facts.keys()]).toEqual(expect.arrayContaining(views));
      expect(marks.overreached().filter((mark) => mark.endsWith(' as postgres'))).toEqual([]);

      await using trusting = derive(context, { shadowSuperuser: true });
      await pull(trusting, pulled, undefined);
      expect(marks.overreached()).toContain('shadow as postgres');
      own.drop();
    });
  } finally {
    await query(server.socket(), `drop role ${role}, ${role}_maker`).catch((thrown: unknown) => {
      process.stdout.write(`${role} is left over: ${String(thrown)}\n`);
    });
    await rm(cache, { recursive: true });
  }
});
