// The lines of the guide that run data:sync on a schedule work as they are written there.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Cron } from 'croner';
import { expect, test } from 'vitest';
import { newest, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import { makeProject } from './project.ts';

const repository = join(import.meta.dirname, '../..');
const guide = readFileSync(join(repository, 'docs/guides/keep-two-databases-in-sync.md'), 'utf8');
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text);
const units = new Map(
  blocks('ini').map((text) => [basename(/^# (\S+)/.exec(text)?.[1] ?? ''), text] as const),
);
// Where Node is installed is not said by the guide.
const withNode = (path: string) => `${dirname(process.execPath)}:${path}`;

interface Scheduled {
  /** Runs a command as the scheduler does. @returns its exit code */
  run(words: readonly string[], path: string): Promise<{ code: number; log: string }>;
  /** The names of the target's rows. */
  rows(): Promise<string[]>;
  change(sql: string): Promise<unknown>;
  readonly root: string;
}

async function withProject(use: (scheduled: Scheduled) => Promise<void>): Promise<void> {
  await withPair(newest, newest, async (source, target) => {
    const project = await makeProject();
    try {
      const sql = 'create table users (id int primary key, name text)';
      for (const { url } of [source, target]) await rowsOf(url, sql);
      project.write({
        'package.json': '{}',
        '.env.legacy': `DATABASE_URL=${source.url}`,
        '.env.prod': `DATABASE_URL=${target.url}`,
        'pgmage.config.ts': `export default { data: { from: 'legacy', to: 'prod' } };`,
      });
      mkdirSync(join(project.root, 'node_modules/.bin'), { recursive: true });
      // As npm installs it.
      const program = `#!/bin/sh\nexec node ${join(repository, 'bin/pgmage.cjs')} "$@"\n`;
      writeFileSync(join(project.root, 'node_modules/.bin/pgmage'), program, { mode: 0o755 });
      await use({
        root: project.root,
        run: ([file = '', ...words], path) =>
          new Promise((resolve) => {
            // Neither passes on the variables of a login.
            const env = { PATH: withNode(path), HOME: project.root, SHELL: '/bin/sh', LOGNAME: 'shop' };
            execFile(file, words, { env, cwd: project.root }, (error, out, log) =>
              resolve({ code: error === null ? 0 : Number(error.code), log: out + log }),
            );
          }),
        rows: async () =>
          (await rowsOf<{ name: string }>(target.url, 'select name from users order by id')).map(
            ({ name }) => name,
          ),
        change: (changes) => rowsOf(source.url, changes),
      });
    } finally {
      project.remove();
    }
  });
}

test('the line of cron', async () => {
  const [crontab = ''] = blocks('cron');
  const path = /^PATH=(.*)$/m.exec(crontab)?.[1] ?? '/usr/bin:/bin';
  const [, command = ''] = /^0 \* \* \* \* (.*)$/m.exec(crontab) ?? [];
  // cron makes a new line of it (manual: crontab(5)).
  expect(command).not.toContain('%');
  await withProject(async ({ run, rows, change, root }) => {
    await change(`insert into users values (1, 'Ann'), (2, 'Bob')`);
    const there = command.replace('/srv/shop', root);
    expect(there).not.toBe(command);
    expect(await run(['/bin/sh', '-c', there], path)).toMatchObject({ code: 0 });
    expect(await rows()).toEqual(['Ann', 'Bob']);
    const lines = readFileSync(join(root, 'sync.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).run.inserted)).toEqual([2]);
  });
});

test('the service of systemd', async () => {
  const service = units.get('pgmage-sync.service') ?? '';
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(service)?.[1] ?? '';
  await withProject(async ({ run, rows, change }) => {
    await change(`insert into users values (1, 'Ann')`);
    expect(setting('WorkingDirectory')).toBe('/srv/shop');
    const words = setting('ExecStart').split(' ');
    // The path of services (manual: systemd.exec).
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';
    expect(await run(words, path)).toMatchObject({ code: 0 });
    expect(await rows()).toEqual(['Ann']);
    expect(setting('SuccessExitStatus')).toBe('2');
  });
});

test('the other times of the guide are those that cron and systemd take', () => {
  const rows = [...guide.matchAll(/^\| each .* \| `([^`]+)` \| `OnCalendar=([^`]+)` \|$/gm)];
  expect(rows).toHaveLength(2);
  for (const [, cron = '', calendar = ''] of rows) {
    // Both begin at the same times.
    const start = new Date('2026-11-27T12:34:00Z');
    const runs = new Cron(cron, { timezone: 'UTC' }).nextRuns(5, start).map((at) => at.toISOString());
    try {
      const words = ['calendar', '--iterations=5', '--base-time=2026-11-27 12:34:00 UTC', calendar];
      const told = execFileSync('systemd-analyze', words, {
        encoding: 'utf8',
        env: { ...process.env, TZ: 'UTC' },
      });
      const times = [...told.matchAll(/(?:Next elapse|Iteration #\d+|Iter\. #\d+): \w+ (\S+) (\S+) UTC/g)];
      expect(times.map(([, day, time]) => `${day}T${time}.000Z`)).toEqual(runs);
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'ENOENT') throw thrown;
      process.stdout.write('NOT RUN: systemd-analyze calendar is not installed\n');
    }
  }
});

test('systemd takes both files', () => {
  expect([...units.keys()].sort()).toEqual(['pgmage-sync.service', 'pgmage-sync.timer']);
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-units-'));
  try {
    for (const [name, text] of units) writeFileSync(join(folder, name), text);
    const files = [...units.keys()].map((name) => join(folder, name));
    const said = execFileSync('systemd-analyze', ['verify', '--man=no', ...files], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    expect(said).toBe('');
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ENOENT') throw thrown;
    process.stdout.write('NOT RUN: systemd-analyze verify is not installed\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
