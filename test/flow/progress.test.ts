// How far a long work is: a line that moves on a terminal, and lines with their times elsewhere; names, never
// URLs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CopyProgress, makeProgress, makeRowProgress } from '../../lib/flow/progress.ts';
import { barText } from '../../lib/report/bar.ts';
import { run } from '../../lib/runner/main.ts';
import { dumpable } from '../backup/scene.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import type { Server } from '../servers/server.ts';

const mega = 2 ** 20;
const tables = [
  { name: 'public.a', bytes: 30 * mega },
  { name: 'public.b', bytes: 10 * mega },
];

function clockAt(seconds: number[]) {
  let time = 0;
  return () => new Date((seconds[Math.min(time++, seconds.length - 1)] as number) * 1000);
}

test('per table and in all, with rate and time left', () => {
  const paces: CopyProgress[] = [];
  const told: string[] = [];
  const teller = {
    now: clockAt([0, 0.01, 1, 2]),
    progress: (line: string) => void told.push(line),
    pace: (pace: CopyProgress) => void paces.push(pace),
  };
  const { told: pass, bytes } = makeProgress(teller, tables);
  pass({ name: 'public.a' }, 5 * mega);
  pass({ name: 'public.a' }, 10 * mega);
  pass({ name: 'public.b' }, 5 * mega);
  expect(paces).toEqual([
    {
      ...{ doing: 'Copying', name: 'public.a', own: { done: 15 * mega, of: 30 * mega } },
      ...{ all: { done: 15 * mega, of: 40 * mega }, rate: 15 * mega, secondsLeft: 2 },
    },
    {
      ...{ doing: 'Copying', name: 'public.b', own: { done: 5 * mega, of: 10 * mega } },
      ...{ all: { done: 20 * mega, of: 40 * mega }, rate: 10 * mega, secondsLeft: 2 },
    },
  ]);
  expect([bytes(), told]).toEqual([20 * mega, []]);
  const { told: tell } = makeProgress(
    { now: clockAt([0, 1, 4, 5]), progress: (line) => void told.push(line) },
    tables,
    'Loading',
  );
  for (let at = 0; at < 3; at++) tell({ name: 'public.b' }, 4 * mega);
  expect(told).toEqual(['Loading public.b: 80 %; total 8 of about 40 MB, 2 MB/s, 16 s left']);
});

test('no time is left of a rate of nothing, and long times are minutes and hours', () => {
  const told: string[] = [];
  const line = (gigabytes: number, done: number) => {
    const { told: tell } = makeProgress(
      { now: clockAt([0, 4]), progress: (text) => void told.push(text) },
      [{ name: 'public.a', bytes: gigabytes * 2 ** 30 }],
      'Loading',
    );
    tell({ name: 'public.a' }, done);
  };
  line(40, 1000);
  line(4, 8 * 2 ** 20);
  line(40, 8 * 2 ** 20);
  expect(told.map((text) => text.replace(/^.* MB, /, ''))).toEqual([
    '0 MB/s',
    '2 MB/s, 34 min left',
    '2 MB/s, 6 h left',
  ]);
});

test('where there is nothing to measure, no line has a number', () => {
  const told: string[] = [];
  const paces: CopyProgress[] = [];
  const empty = [{ name: 'large objects', bytes: 0 }];
  const clock = () => clockAt([0, 4]);
  const plain = { now: clock(), progress: (text: string) => void told.push(text) };
  makeProgress(plain, empty, 'Backing up').told({ name: 'large objects' }, 0);
  const terminal = {
    now: clock(),
    progress: () => undefined,
    pace: (one: CopyProgress) => void paces.push(one),
  };
  makeProgress(terminal, empty, 'Backing up').told({ name: 'large objects' }, 0);
  const drawn = [80, 20].map((width) => barText(paces[0] as CopyProgress, width));
  expect([told, drawn]).toEqual([
    ['Backing up large objects'],
    ['Backing up large objects', 'Backing up large o…'],
  ]);
});

const [oldest] = await dumpable('the progress of a backup');

test('a backup of an empty database names what it reads', async () => {
  await withDatabase(oldest as Server, async ({ url }) => {
    const root = mkdtempSync(join(tmpdir(), 'pgmage-progress-'));
    writeFileSync(join(root, '.env.dev'), `DATABASE_URL=${url}`);
    let time = Date.UTC(2026, 10, 20);
    const log: string[] = [];
    const words = ['db:backup', '--env', 'dev', '--format', 'custom', '--dir', root];
    const code = await run({
      ...{ words, cwd: root, variables: {}, terminal: undefined, logsToTerminal: false },
      now: () => {
        time += 3000;
        return new Date(time);
      },
      print: () => undefined,
      log: (text) => void log.push(text),
    });
    rmSync(root, { recursive: true });
    expect([code, log.filter((line) => /up +:|100 %|0 MB/.test(line))]).toEqual([0, []]);
    expect(log.join('\n')).toContain('Z Backing up large objects');
  });
});

test('rows of tables, with rows in a second', () => {
  const paces: CopyProgress[] = [];
  const told: string[] = [];
  const all = [{ name: 'public.a', rows: 6_000 }];
  const lines = makeRowProgress(
    { now: clockAt([0, 3]), progress: (line) => void told.push(line) },
    all,
    'Comparing',
  );
  lines.told({ name: 'public.a' }, 1_500);
  expect(told).toEqual(['Comparing public.a: 25 %; total 1500 of about 6000 rows, 500 rows/s, 9 s left']);
  const teller = {
    now: clockAt([0, 3]),
    progress: () => undefined,
    pace: (one: CopyProgress) => paces.push(one),
  };
  makeRowProgress(teller, all, 'Comparing').told({ name: 'public.a' }, 1_500);
  expect(barText(paces[0] as CopyProgress, 100)).toMatch(
    /^Comparing public\.a 25% \[#+\.+\] 25% {2}1500 of 6000 rows {2}500 rows\/s {2}0:09 left$/,
  );
  // An amount that is known by now replaces the estimate.
  const exact = makeRowProgress(
    { now: clockAt([0, 3, 3, 6]), progress: (line) => void told.push(line) },
    [...all, { name: 'public.b', rows: 4_000 }],
    'Comparing',
  );
  exact.told({ name: 'public.a' }, 500, 1_000);
  exact.told({ name: 'public.a' }, 500);
  exact.told({ name: 'public.b' }, 1_000, 2_000);
  expect(told.slice(1)).toEqual([
    'Comparing public.a: 50 %; total 500 of about 5000 rows, 167 rows/s, 27 s left',
    'Comparing public.b: 50 %; total 2000 of about 3000 rows, 333 rows/s, 3 s left',
  ]);
});

const pace: CopyProgress = {
  ...{ doing: 'Copying', name: 'public.orders', own: { done: 45, of: 100 } },
  ...{ all: { done: 600 * mega, of: 1000 * mega }, rate: 24 * mega, secondsLeft: 3725 },
};

test('as a line that fits every terminal', () => {
  expect(barText(pace, 120)).toBe(
    'Copying public.orders 45% [##################............] 60%  600 MB of 1000 MB  24 MB/s ' +
      ' 1:02:05 left',
  );
  for (let width = 40; width < 200; width++) {
    const line = barText({ ...pace, name: `public.${'ö\n\x1b'.repeat(30)}` }, width);
    expect([...line].length).toBeLessThan(width);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
    expect(line).not.toMatch(/[\x00-\x1f]/);
    expect(line).toMatch(/ 60% {2}(\S.* {2})?1:02:05 left$/);
  }
  // The bar becomes shorter first; then rate, total and bar are left out, and the name is cut last.
  expect([100, 80, 64, 53, 40].map((width) => barText(pace, width))).toEqual([
    'Copying public.orders 45% [###############..........] 60%  600 MB of 1000 MB  24 MB/s  1:02:05 left',
    'Copying public.orders 45% [########......] 60%  600 MB of 1000 MB  1:02:05 left',
    'Copying public.orders 45% [##########.......] 60%  1:02:05 left',
    'Copying public.orders 45% 60%  1:02:05 left',
    'Copying public.order… 60%  1:02:05 left',
  ]);
  const rows = { ...pace, unit: 'rows', doing: 'Comparing' } as const;
  const many = { done: 208_725, of: 1_092_321 };
  expect(barText({ ...rows, own: many, all: many, rate: 119_340, secondsLeft: 8 }, 80)).toBe(
    'Comparing public.orders 19% [##........] 19%  208725 of 1092321 rows  0:08 left',
  );
  // What was taken for its size was too little, or nothing is known of it.
  const more = { ...pace, all: { done: 3 * mega, of: mega }, own: { done: 1, of: 0 }, secondsLeft: 61 };
  expect(barText(more, 120)).toMatch(
    /^Copying public\.orders 100% \[#{30}\] 100% {2}3 MB {2}24 MB\/s {2}1:01 left$/,
  );
});

test('a backup, its restore and a clone, on a terminal and without', async () => {
  const server = anyServer();
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      const root = mkdtempSync(join(tmpdir(), 'pgmage-progress-'));
      writeFileSync(join(root, '.env.dev'), `DATABASE_URL=${source.url}`);
      writeFileSync(join(root, '.env.staging'), `DATABASE_URL=${target.url}`);
      await rowsOf(
        source.url,
        `create table big as select i, repeat('x', 900) from generate_series(1, 20000) i`,
      );
      // A second passes at each look at the clock.
      let time = Date.UTC(2026, 10, 20);
      const pgmage = async (words: string[], terminal: boolean) => {
        const [drawn, log]: [string[], string[]] = [[], []];
        const code = await run({
          ...{ words, cwd: root, variables: {}, terminal: undefined, logsToTerminal: terminal },
          now: () => {
            time += 1000;
            return new Date(time);
          },
          print: () => undefined,
          log: (text) => void log.push(text),
          ...(terminal && { lastLine: { width: () => 100, draw: (line) => void drawn.push(line) } }),
        });
        // The plan of a task that replaces data names its databases.
        const told = log.filter((line) => !/^(Source:|Target:|Restore) /.test(line));
        expect([words, code, told.filter((line) => /postgres:|127\.0/.test(line))]).toEqual([words, 0, []]);
        return { drawn, log: told };
      };
      const consent = ['--yes', '--force'];
      const clone = ['db:clone', '--from', 'dev', '--to', 'staging', ...consent];
      for (const [words, doing] of [
        [['db:backup', '--env', 'dev', '--format', 'native', '--dir', root], 'Backing up'],
        [clone, 'Copying'],
      ] as const) {
        const { drawn, log } = await pgmage([...words], true);
        expect(drawn.length).toBeGreaterThan(2);
        for (const line of drawn)
          expect(line).toMatch(new RegExp(`^${doing} public.big +\\d+% \\[[#.]+\\] \\d+% `));
        expect(log.join('\n')).not.toMatch(/^2026-11-20T/m);
        const plain = await pgmage([...words], false);
        expect(plain.drawn).toEqual([]);
        for (const line of plain.log) expect(line).toMatch(/^2026-11-20T\d\d:\d\d:\d\d\.000Z \S.* …$/);
        expect(plain.log.join('\n')).toContain(`Z ${doing} public.big: `);
      }
      const { backups } = await import('../../lib/commands/backups.ts');
      const { contextOf } = await import('../copy/cloning.ts');
      const [made] = (await backups(contextOf(source.url, target.url, { root }), { dir: root })).backups;
      const restored = await pgmage(
        ['db:restore', join(root, made?.file ?? ''), '--to', 'staging', ...consent],
        true,
      );
      expect(restored.drawn[0]).toMatch(/^Loading public\.big +\d+% /);
      rmSync(root, { recursive: true });
    }),
  );
});
