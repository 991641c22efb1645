// A role that may only read makes backups, and is told the rights that it lacks.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { failure } from '../failure.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { backupProject } from './scene.ts';

const server = anyServer();
const role = `reader_${process.pid}`;

beforeAll(() =>
  rowsOf(server.socket(), `create role ${role} login password 'x'; grant pg_read_all_data to ${role}`),
);
afterAll(() => rowsOf(server.socket(), `drop role ${role}`));

test.each(['native', undefined] as const)('with the engine %s', async (engine) => {
  await withDatabase(server, async ({ url, socket }) => {
    const reader = new URL(url);
    reader.username = role;
    reader.password = 'x';
    const own = backupProject({ copy: reader.href });
    try {
      const make = () => backup(own.context, { env: 'copy', ...(engine && { engine }) });
      await rowsOf(socket, 'create table t (id int primary key); insert into t values (1)');
      expect((await make()).rows).toBe(1);
      await rowsOf(socket, 'alter table t enable row level security');
      expect((await failure(make())).hint).toContain(`ALTER ROLE ${role} BYPASSRLS`);
      await rowsOf(socket, 'alter table t disable row level security; select lo_from_bytea(7, $$x$$)');
      expect((await failure(make())).hint).toContain('GRANT SELECT ON LARGE OBJECT');
      await rowsOf(socket, `grant select on large object 7 to ${role}`);
      expect((await make()).rows).toBe(1);
      await rowsOf(socket, `revoke select on large object 7 from ${role}; select lo_unlink(7)`);
      await rowsOf(socket, `select lo_from_bytea(n::oid, $$x$$) from generate_series(101, 112) n`);
      expect((await failure(make())).message).toMatch(/ 101, 102, .*, 109, 110 and 2 more$/);
    } finally {
      own.drop();
    }
  });
});
