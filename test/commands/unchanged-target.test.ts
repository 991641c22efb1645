// A clone or a restore that fails before its commit, or in it, says that the target is unchanged.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { restore } from '../../lib/commands/restore.ts';
import { restoreScript } from '../../lib/commands/restore-script.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import { format } from '../../lib/problem/problem.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { contextOf, wholeOf } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const into = { to: 'target', yes: true, force: true } as const;
const from = { from: 'source', ...into } as const;

const failures: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  'before its commit': (connection) => connection.execute('select 1 / 0'),
  'in its commit': (connection) =>
    connection.execute(
      'create table twice (id int unique deferrable initially deferred); insert into twice values (1), (1)',
    ),
};

test('work that fails says that its target is unchanged, only where that is sure', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pgmage-unchanged-'));
  writeFileSync(join(dir, 'made.sql'), 'create table made (id int);');
  writeFileSync(join(dir, 'wrong.sql'), 'create table made (id int); insert into made select 1 / 0;');
  const ways: Readonly<Record<string, (own: Workspace) => Promise<unknown>>> = {
    'db:clone': (own) => clone(own, from, undefined),
    'db:clone --data-only': (own) => clone(own, { ...from, dataOnly: true }, undefined),
    'db:clone --swap': (own) => clone(own, { ...from, swap: true }, undefined),
    async 'db:restore'(own) {
      const { file } = await backup(own, { env: 'source', engine: 'native', dir });
      return restore(own, file, { dir, ...into }, undefined);
    },
    'db:restore --without-manifest': (own) => restoreScript(own, 'made.sql', { dir, ...into }, undefined),
  };
  await withDatabase(anyServer(), (source) =>
    withDatabase(anyServer(), async (target) => {
      await rowsOf(source.url, 'create table users (id int not null); insert into users values (1), (2)');
      await rowsOf(target.url, 'create table users (id int not null); insert into users values (7)');
      const before = await wholeOf(target.url);
      const told = async (name: string, way: (own: Workspace) => Promise<unknown>, own: Workspace) => {
        const thrown = await failure(way(own));
        expect([name, await wholeOf(target.url)]).toEqual([name, before]);
        return thrown;
      };
      for (const [moment, fail] of Object.entries(failures))
        for (const [way, work] of Object.entries(ways)) {
          // The transaction of a swap is in another database, and has nothing deferred.
          if (way === 'db:clone --swap' && moment === 'in its commit') continue;
          const beforeCommit = async (connection: Connection) => void (await fail(connection));
          const own = contextOf(source.url, target.url, { beforeCommit });
          const thrown = await told(`${way} ${moment}`, work, own);
          expect([way, moment, thrown.toJSON()]).toMatchObject([
            way,
            moment,
            { state: 'target is unchanged.' },
          ]);
          expect(format(thrown)).toContain('\ntarget is unchanged.\n');
        }
      const own = contextOf(source.url, target.url);
      const script = (append: boolean) =>
        told('script', () => restoreScript(own, 'wrong.sql', { dir, append, ...into }, undefined), own);
      expect((await script(false)).state).toBe('target is unchanged.');
      // A sequence that a script advanced stays so.
      expect((await script(true)).state).toBeUndefined();
      // A problem whose words say it does not say it again.
      const masked = { ...from, mask: ['users.id=null'] };
      const unfit = await told('masks', () => clone(own, masked, undefined), own);
      expect([unfit.code, unfit.state]).toEqual(['unfit_masks', 'target is unchanged.']);
      expect(format(unfit)).not.toContain('target is unchanged');
    }),
  );
  rmSync(dir, { recursive: true, force: true });
});

test('a swap that fails when names are exchanged says that it ended sessions', async () => {
  await withDatabase(anyServer(), (source) =>
    withDatabase(anyServer(), async (target) => {
      await rowsOf(source.url, 'create table users (id int)');
      const before = await wholeOf(target.url);
      const beforeCommit = async (connection: Connection) => void (await connection.execute('select 1 / 0'));
      const own = contextOf(source.url, target.url, { beforeCommit });
      const swap = () => failure(clone(own, { ...from, swap: true }, undefined));
      expect((await swap()).state).toBe('target is unchanged.');
      const client = new pg.Client(target.url);
      const ended = new Promise<string>((resolve) => {
        client.on('error', ({ message }) => resolve(message));
      });
      await client.connect();
      expect((await swap()).state).toBe('target is unchanged, but the swap ended sessions in it.');
      expect(await ended).toContain('terminat');
      expect(await wholeOf(target.url)).toEqual(before);
    }),
  );
});
