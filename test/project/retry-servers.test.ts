// What data operations try again, on real servers: what was reached and then lost, and nothing that was never
// there.
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { clone } from '../../lib/commands/clone.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { terminate } from '../backup/faults.ts';
import { backupProject, digest } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { derive } from './workspace.ts';

const consent = { yes: true, force: true };
const server = anyServer();

test('what was lost in the middle is done from the beginning; each retry is told in a line', async () => {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await query(source.url, 'create table t (id int); insert into t select generate_series(1, 200000)');
      await query(
        target.url,
        'create table old (id int); insert into old values (1); create publication old_rows for table old',
      );
      const own = backupProject({ prod: source.url, copy: target.url });
      const [told, notes]: [string[], string[]] = [[], []];
      const waited: number[] = [];
      const struckAt = (line: RegExp, url: string): Workspace => {
        let strike: Promise<unknown> | undefined;
        const progress = (text: string) => {
          told.push(text);
          if (line.test(text)) strike ??= terminate(url, 'pgmage');
        };
        return derive(own.context, {
          progress,
          note: (text) => void notes.push(text),
          pause: async (milliseconds) => {
            await strike;
            waited.push(milliseconds);
          },
        });
      };
      const made = await backup(struckAt(/^Backing up/, source.url), { engine: 'native' });
      expect(made.retries.map(({ code, waited: seconds }) => [code, seconds])).toEqual([
        ['connection_lost', 5],
      ]);
      expect(readdirSync(own.folder)).toHaveLength(2);
      let asked = 0;
      const ask = async () => {
        asked++;
        return true;
      };
      const done = await restore(
        struckAt(/^Loading/, target.url),
        made.file,
        { to: 'copy', force: true },
        ask,
      );
      expect([done.retries.map(({ code }) => code), asked]).toEqual([['connection_lost'], 1]);
      // Once, although it was tried twice.
      expect(notes.filter((text) => text.includes('old_rows'))).toHaveLength(1);
      expect(await digest(target.url)).toEqual(await digest(source.url));
      expect(waited).toEqual([5000, 5000]);
      expect(told.filter((text) => /try 2 of 4 follows in 5 s$/.test(text))).toHaveLength(2);
      const drilled = await verifyBackups(struckAt(/^Loading/, source.url), { drill: true, on: 'prod' });
      expect(drilled.backups[0]?.verified?.how).toBe('drill');
      own.drop();
    }),
  );
});

const wrong: [string, string, string][] = [
  ['connection_refused', 'postgres://me@127.0.0.1:1/x', 'nobody listens there'],
  ['missing_database', server.url('nowhere'), 'no such database'],
  ['wrong_password', server.url().replace(/:[^:@]+@/, ':not-it@'), 'another password'],
  ['host_not_found', 'postgres://me@host.invalid/x', 'no such host'],
];

test.each(wrong)('what was never reached is told at once: %s', async (code, url) => {
  await withDatabase(server, async (there) => {
    const own = backupProject({ gone: url, prod: there.url });
    const { file } = await backup(own.context, { engine: 'native' });
    const input = { to: 'gone', ...consent };
    const codes = [
      await failure(backup(own.context, { env: 'gone' })),
      await failure(restore(own.context, file, input, undefined)),
      await failure(clone(own.context, { from: 'prod', ...input, confirm: 'gone' }, undefined)),
      await failure(verifyBackups(own.context, { drill: true, on: 'gone' })),
    ].map((problem) => problem.code);
    expect(codes).toEqual([code, code, code, code]);
    own.drop();
  });
});
