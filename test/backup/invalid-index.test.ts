// An invalid index, which a failed CREATE INDEX CONCURRENTLY leaves: a backup restores without it.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { pull } from '../../lib/commands/pull.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { backupProject, oneOfEach } from './scene.ts';

vi.setConfig({ testTimeout: 120_000 });

async function withInvalidIndex(url: string): Promise<void> {
  await rowsOf(url, 'create table t (id int); insert into t values (1), (1)');
  await rowsOf(url, 'create unique index concurrently bad on t (id)').catch(() => undefined);
}

test.each(await oneOfEach('backups with an invalid index'))(
  'a backup in the format $format restores',
  async ({ server, engine, format }) => {
    await withDatabase(server, async ({ url }) => {
      await withInvalidIndex(url);
      const own = backupProject({ prod: url });
      const { verified, left } = await backup(own.context, { engine, format, drill: true, on: 'prod' });
      expect([verified?.how, left]).toEqual(['drill', ['INDEX public.bad: it is invalid']]);
      own.drop();
    });
  },
);

test('db:pull names it, and the command that rebuilds it', async () => {
  const cache = await freshCache();
  await withDatabase(anyServer(), async ({ url }) => {
    await withInvalidIndex(url);
    await withProject(url, cache, async ({ context }) => {
      const { code, hint } = await failure(pull(context, {}, undefined));
      expect([code, hint]).toEqual([
        'not_reproduced',
        'Nothing was written. Indexes of local are invalid: public.bad. Drop them there, or rebuild them:' +
          ' REINDEX INDEX CONCURRENTLY public.bad;',
      ]);
    });
  });
});
