// Backups are deleted only where better ones remain: rules by examples, by properties, and on files.
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { prune } from '../../lib/commands/backups-prune.ts';
import { checksumDump } from '../../lib/flow/dump.ts';
import { type Manifest, writeManifest } from '../../lib/flow/manifest.ts';
import { applyRetention, type Candidate, type Retention } from '../../lib/flow/retention.ts';
import { pruneText } from '../../lib/report/backups.ts';
import { backupProject } from '../backup/scene.ts';
import { failure } from '../failure.ts';

const candidate = (time: string, more: Partial<Candidate> = {}): Candidate => ({
  name: time,
  of: 'shop of prod',
  time,
  good: true,
  keep: false,
  ...more,
});

const keptOf = (list: readonly Candidate[], retention: Partial<Retention>) =>
  [...applyRetention(list, { daily: 0, weekly: 0, monthly: 0, ...retention })]
    .filter(([, why]) => why.length > 0)
    .map(([name, why]) => `${name} ${why.join()}`);

test('the newest of each day, week and month', () => {
  const list = [
    '2026-11-02T01:00',
    '2026-11-01T23:00',
    '2026-11-01T01:00',
    '2026-10-31T01:00',
    '2026-09-30T01:00',
  ].map((time) => candidate(time));
  expect(keptOf(list, { daily: 2 })).toEqual(['2026-11-02T01:00 newest,daily', '2026-11-01T23:00 daily']);
  // The second of November 2026 is a Monday.
  expect(keptOf(list, { weekly: 2 })).toEqual(['2026-11-02T01:00 newest,weekly', '2026-11-01T23:00 weekly']);
  expect(keptOf(list, { monthly: 9 })).toEqual([
    '2026-11-02T01:00 newest,monthly',
    '2026-10-31T01:00 monthly',
    '2026-09-30T01:00 monthly',
  ]);
  expect(keptOf(list, {})).toEqual(['2026-11-02T01:00 newest']);
});

test('a week goes over the end of a year', () => {
  const list = ['2027-01-03T01:00', '2026-12-28T01:00', '2026-12-27T01:00'].map((time) => candidate(time));
  expect(keptOf(list, { weekly: 5 })).toEqual(['2027-01-03T01:00 newest,weekly', '2026-12-27T01:00 weekly']);
});

test('a broken one counts for nothing, and each database is judged by itself', () => {
  const list = [
    candidate('2026-11-03T01:00', { good: false }),
    candidate('2026-11-02T01:00'),
    candidate('2026-11-01T01:00', { keep: true }),
    candidate('2026-10-01T01:00'),
    candidate('2025-01-01T01:00', { of: 'shop of dev' }),
  ];
  expect(keptOf(list, { daily: 1 })).toEqual([
    '2026-11-03T01:00 broken',
    '2026-11-02T01:00 newest,daily',
    '2026-11-01T01:00 keep',
    '2025-01-01T01:00 newest,daily',
  ]);
});

const candidates = fc
  .array(
    fc.record({
      of: fc.constantFrom('a', 'b'),
      hours: fc.nat(24 * 400),
      good: fc.boolean(),
      keep: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((list) =>
    list.map(({ hours, ...one }, at): Candidate => {
      const time = new Date(Date.UTC(2026, 0, 1, hours)).toISOString();
      return { ...one, time, name: `${at}` };
    }),
  );
const rules = fc.record({ daily: fc.nat(9), weekly: fc.nat(9), monthly: fc.nat(9) });
const names = (list: readonly Candidate[], retention: Retention) =>
  [...applyRetention(list, retention)].filter(([, why]) => why.length > 0).map(([name]) => name);

test('of every list: the newest good one stays, and what is marked or broken; the rest by the rules alone', () => {
  fc.assert(
    fc.property(candidates, rules, (list, retention) => {
      const stays = new Set(names(list, retention));
      for (const one of list) if (one.keep || !one.good) expect(stays.has(one.name)).toBe(true);
      for (const of of ['a', 'b']) {
        const good = list.filter((one) => one.of === of && one.good);
        const newest = good.reduce((last, one) => (one.time > last ? one.time : last), '');
        if (good.length > 0)
          expect(good.some(({ time, name }) => time === newest && stays.has(name))).toBe(true);
        const plain = good.filter(({ name, keep }) => stays.has(name) && !keep).length;
        expect(plain).toBeLessThanOrEqual(1 + retention.daily + retention.weekly + retention.monthly);
      }
      // What stays stays, in any order, and with rules that keep more.
      const rest = list.filter(({ name }) => stays.has(name));
      expect(names(rest, retention)).toHaveLength(rest.length);
      expect(new Set(names([...list].reverse(), retention))).toEqual(stays);
      const more = { ...retention, daily: retention.daily + 1 };
      const kept = new Set(names(list, more));
      expect([...stays].filter((name) => !kept.has(name))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('on files: dry unless told, never the last good one, and broken ones are left for somebody to look at', async () => {
  const own = backupProject({});
  mkdirSync(own.folder);
  const make = async (day: string, more: Partial<Manifest> = {}) => {
    const file = `shop_prod_${day}T09-30-00Z.dump`;
    const path = join(own.folder, file);
    writeFileSync(path, `content of ${day}`);
    const manifest = {
      format: 1,
      file,
      environment: 'prod',
      database: 'shop',
      started: `${day}T09:30:00.000Z`,
    };
    const rest = { server: {}, tools: {}, contents: [], moved: [], verified: [] };
    await writeManifest(path, {
      ...manifest,
      ...rest,
      ...(await checksumDump(path, file)),
      ...more,
    } as never);
    return path;
  };
  const paths: string[] = [];
  for (const day of ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'])
    paths.push(await make(day));
  await make('2026-11-15', { environment: 'dev' });
  truncateSync(paths[4] as string, 3);
  rmSync((paths[3] as string).replace('.dump', '.json'));
  writeFileSync(`${paths[0]}.keep`, '');
  const all = readdirSync(own.folder);
  const dry = await prune(own.context, { keepDaily: 1, env: 'prod' });
  expect(dry.kept.map(({ file, why }) => `${file.slice(18, 28)} ${why.join()}`)).toEqual([
    '2026-11-16 keep',
    '2026-11-18 newest,daily',
    '2026-11-19 broken',
    '2026-11-20 broken',
  ]);
  expect(dry.removed.map(({ file }) => file)).toEqual(['backups/shop_prod_2026-11-17T09-30-00Z.dump']);
  expect(readdirSync(own.folder)).toEqual(all);
  const paper = { width: 200, colour: false, now: new Date() };
  expect(pruneText(dry, paper)).toContain(
    '\ndelete   backups/shop_prod_2026-11-17T09-30-00Z.dump\n1 backup would be deleted, 21 bytes;' +
      ' --yes does it',
  );
  const done = await prune(own.context, { keepDaily: 1, yes: true });
  expect(done.removed).toHaveLength(1);
  expect(pruneText(done, paper)).toMatch(/1 backup deleted, 21 bytes$/);
  expect(readdirSync(own.folder)).toEqual(all.filter((name) => !name.startsWith('shop_prod_2026-11-17')));
  expect((await prune(own.context, { yes: true })).removed).toEqual([]);
  expect((await failure(prune(own.context, { keepDaily: -1 }))).code).toBe('bad_option');
  own.drop();
});
