// Whoever watches backups reads one line for each run.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withRunLog } from '../../lib/backup/log.ts';
import { backup } from '../../lib/commands/backup.ts';
import type { Problem } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { derive } from '../project/workspace.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { backupProject } from './scene.ts';

test('each run adds a line to a log, also one that fails', async () => {
  await withDatabase(anyServer(), async ({ url, name }) => {
    const own = backupProject({ prod: url, gone: anyServer().url('nowhere') });
    const run = (env: string) =>
      withRunLog(own.context, 'runs.jsonl', env, () => backup(own.context, { env }));
    const made = await run('prod');
    expect((await failure(run('gone'))).code).toBe('missing_database');
    expect(statSync(join(own.context.project.root, 'runs.jsonl')).mode & 0o777).toBe(0o600);
    const log = readFileSync(join(own.context.project.root, 'runs.jsonl'), 'utf8');
    expect(log).not.toContain(anyServer().password);
    const time = expect.stringMatching(/^2026-11-20T09:30:\d\d\.000Z$/);
    const { file, bytes, durationMs } = made;
    const rest = { database: name, file, bytes, durationMs, rows: 0, retries: 0, verified: 'read' };
    expect(
      log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { time, ok: true, environment: 'prod', ...rest },
      {
        time,
        ok: false,
        environment: 'gone',
        code: 'missing_database',
        message: expect.stringContaining('gone'),
      },
    ]);
    const nowhere = withRunLog(own.context, 'runs.jsonl/log', null, () => backup(own.context, {}));
    expect((await failure(nowhere)).code).toBe('unwritable_file');
    // Its file system takes no folder, and says that it is missing.
    const kernel = withRunLog(own.context, '/proc/pgmage/log', null, () => backup(own.context, {}));
    expect((await failure(kernel)).message).toMatch(/^Cannot write \/proc\/pgmage\/log: ENOENT/);
    expect((await failure(backup(own.context, { dir: '/proc/pgmage' }))).code).toBe('unwritable_file');
    const full = withRunLog(own.context, '/dev/full', null, () => backup(own.context, {}));
    expect((await failure(full)).message).toMatch(
      /^Cannot write \/dev\/full: .*no space.* The backup is made: backups\/.*_prod_/,
    );
    const both = withRunLog(own.context, '/dev/full', null, () => backup(own.context, { env: 'gone' }));
    expect((await failure(both)).code).toBe('missing_database');
    await withRunLog(own.context, 'new/folder/log', null, () => backup(own.context, {}));
    expect(statSync(join(own.context.project.root, 'new/folder')).mode & 0o777).toBe(0o700);
    own.drop();
  });
});

test('two backups of one database do not run at once, whatever their folders and environments', async () => {
  await withDatabase(anyServer(), async ({ url, name }) => {
    const own = backupProject({ prod: url, dev: url });
    const both = await Promise.allSettled([
      backup(own.context, { env: 'prod', format: 'native', dir: 'one' }),
      backup(own.context, { env: 'dev', format: 'native', dir: 'other' }),
    ]);
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason as Problem] : []));
    expect(refused.map(({ code, message }) => [code, message])).toEqual([
      ['backup_running', `Another backup of ${name} is running`],
    ]);
    expect((await backup(own.context, { env: 'dev', format: 'native', dir: 'other' })).faults).toEqual([]);
    own.drop();
  });
});

test('backups that begin within one second have names of their own', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const own = backupProject({ prod: url });
    const stopped = derive(own.context, { now: () => new Date('2026-11-20T09:30:00.500Z') });
    const files: string[] = [];
    for (let count = 0; count < 3; count++) files.push((await backup(stopped, { env: 'prod' })).file);
    expect(files.map((file) => /T([\d-]+)Z/.exec(file)?.[1])).toEqual(['09-30-00', '09-30-01', '09-30-02']);
    own.drop();
  });
});
