// A target with rows for scripts that have no manifest.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { restoreScript, type ScriptInput } from '../../lib/commands/restore-script.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { backupProject } from './scene.ts';

// What a target holds, all of it in the way.
const before = `create schema old; create table every (id int primary key);
  insert into every values (1), (2); create view seen as select * from every;
  create extension pg_trgm schema old; select lo_from_bytea(4711, 'old');
  create function old.f() returns int language sql as 'select 1'; create sequence turns;`;

type Project = ReturnType<typeof backupProject>;

/** The leave for a load. */
export const consent = { yes: true, force: true };

/** Lends a project with a folder of backups, a target with rows, and a function that loads a text into it. */
export async function withTarget<T>(
  server = anyServer(),
  use: (
    own: Project,
    url: string,
    load: (text: string | Buffer, input?: Partial<ScriptInput>) => ReturnType<typeof restoreScript>,
  ) => Promise<T>,
): Promise<T> {
  return withDatabase(server, async ({ url }) => {
    await query(url, before);
    const own = backupProject({ copy: url });
    mkdirSync(own.folder, { recursive: true });
    try {
      return await use(own, url, (text, input = {}) => {
        writeFileSync(join(own.folder, 'given.sql'), text);
        return restoreScript(own.context, 'given.sql', { to: 'copy', ...consent, ...input }, undefined);
      });
    } finally {
      own.drop();
    }
  });
}
