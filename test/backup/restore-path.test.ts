// What a restore calls while rows come finds what it found where the backup was made.
import { expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import { reservedLater } from '../copy/cloning.ts';
import { withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query, type Server } from '../servers/server.ts';
import { backupProject, ways } from './scene.ts';

// From 17 on, an index finds nothing but the system's.
test.each(servers())(
  'functions that indexes and columns call find what has no schema before its name: $major',
  async (server) => {
    await withDatabase(server, async (maker) => {
      await query(
        maker.url,
        `create table factors (n int); insert into factors values (7);
        create function times(n int) returns int immutable language plpgsql
        as 'begin return n * (select max(f.n) from factors f); end';
        create table t (id int, product int generated always as (times(id)) stored); insert into t values (1),
        (2);
        ${server.major < 17 ? 'create index on t (times(id))' : ''}`,
      );
      await withDatabase(server, async (target) => {
        const own = backupProject({ maker: maker.url, copy: target.url });
        const { file } = await backup(own.context, { engine: 'native', env: 'maker' });
        const { proof } = await restore(own.context, file, { to: 'copy', yes: true }, undefined);
        expect(proof).toMatchObject({ schema: 'same', rows: 3 });
        own.drop();
      });
    });
  },
);

const [oldest, newest] = [servers()[0], servers().at(-1)] as [Server, Server];
const formats = (await ways('names that newer servers reserve'))
  .filter(({ major }) => major === oldest.major)
  .flatMap(({ engine }) =>
    engine === 'native' ? ['native' as const] : ['custom' as const, 'plain' as const],
  );

test.each(formats)('names that newer servers reserve are restored there: %s', async (format) => {
  await withDatabase(oldest, async (maker) => {
    await query(maker.url, reservedLater);
    await withDatabase(newest, async (target) => {
      const own = backupProject({ maker: maker.url, copy: target.url });
      const { file } = await backup(own.context, { format, env: 'maker' });
      const { proof } = await restore(own.context, file, { to: 'copy', yes: true }, undefined);
      expect(proof).toMatchObject({ rows: 1 });
      own.drop();
    });
  });
});
