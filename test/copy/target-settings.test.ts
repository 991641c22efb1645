// What a target database is set to does not change the rows that come into it.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { restore } from '../../lib/commands/restore.ts';
import { backupProject, digest, oneOfEach } from '../backup/scene.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';

vi.setConfig({ testTimeout: 120_000 });

const consent = { yes: true, force: true };

test.each(await oneOfEach('the settings of targets'))(
  'NULL in an array comes over with array_nulls = off: $format',
  async ({ server, format, engine }) => {
    await withDatabase(server, (source) =>
      withDatabase(server, async (target) => {
        await rowsOf(
          source.url,
          `create table t (a int[], b text[]); insert into t values ('{1,NULL}', '{NULL,"NULL"}')`,
        );
        await rowsOf(target.url, `alter database ${target.name} set array_nulls = off`);
        const own = backupProject({ prod: source.url, copy: target.url });
        const whole = await digest(source.url);
        await clone(
          derive(own.context, { lockTimeout: 1000 }),
          { from: 'prod', to: 'copy', engine: engine === 'native' ? engine : 'pipe', ...consent },
          undefined,
        );
        expect(await digest(target.url)).toEqual(whole);
        await rowsOf(target.url, 'drop table t');
        const { file } = await backup(own.context, { format });
        await restore(own.context, file, { to: 'copy', ...consent }, undefined);
        expect(await digest(target.url)).toEqual(whole);
        own.drop();
      }),
    );
  },
);
