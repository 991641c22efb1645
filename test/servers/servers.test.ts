// The servers that all other tests stand on.
import { expect, test } from 'vitest';
import { rowsOf, withDatabase } from './databases.ts';
import { servers } from './running.ts';

for (const server of servers()) {
  test(`PostgreSQL ${server.version} answers over both transports in an empty database`, async () => {
    await withDatabase(server, async (database) => {
      for (const url of [database.url, database.socket]) {
        const [row] = await rowsOf<{ version: number; tables: string }>(
          url,
          `select current_setting('server_version_num')::int / 10000 as version,
                  count(*) as tables from pg_class where relnamespace = 'public'::regnamespace`,
        );
        expect(row).toEqual({ version: server.major, tables: '0' });
      }
    });
  });

  test(`PostgreSQL ${server.version} asks for its password over loopback`, async () => {
    await expect(rowsOf(server.url().replace(server.password, 'wrong'), 'select 1')).rejects.toThrow(
      'password authentication failed',
    );
  });
}
