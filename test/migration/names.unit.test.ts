// Names of migration files and their order, and the folders of other tools.
import { describe, expect, test } from 'vitest';
import { layouts } from '../../lib/migration/layouts.ts';
import { compareNames, isMigrationName, makeName, makeSlug, readVersion } from '../../lib/migration/name.ts';

const now = new Date('2026-11-29T16:20:30.123Z');

describe('names', () => {
  test.each<[string, boolean]>([
    ['20261129162030123_add_users', true],
    ['1', true],
    ['001-init.v2', true],
    ['add_users', false],
    ['1 add', false],
    [`1'; drop table x; --`, false],
    [`1_${'a'.repeat(254)}`, false],
    ['1/2', false],
  ])('%j is one: %s', (name, is) => {
    expect(isMigrationName(name)).toBe(is);
  });

  test('the version is the number in front', () => {
    expect([readVersion('012_a'), readVersion('20261129162030123_b'), readVersion('a')]).toEqual([
      '012',
      '20261129162030123',
      '',
    ]);
  });

  test.each<[string, string]>([
    ['Add a table', 'add_a_table'],
    ['  ÄÖ ünïcode! ', 'ao_unicode'],
    ['---', ''],
    ['a'.repeat(80), 'a'.repeat(60)],
    [`${'a'.repeat(59)} b`, 'a'.repeat(59)],
  ])('%j becomes %j', (words, slug) => {
    expect(makeSlug(words)).toBe(slug);
  });
});

describe('order', () => {
  test.each<[string, string]>([
    ['2_a', '10_a'],
    ['1_a', '1_b'],
    ['002', '10'],
    ['99999999', '20261129162030123_a'],
    ['20261129162030123_a', '20261129162030124_a'],
  ])('%s comes before %s', (a, b) => {
    expect(compareNames(a, b)).toBeLessThan(0);
    expect(compareNames(b, a)).toBeGreaterThan(0);
    expect(compareNames(a, a)).toBe(0);
  });

  test('names that are equal in all but case have an order, too', () => {
    expect(Math.sign(compareNames('1_a', '1_A'))).toBe(-Math.sign(compareNames('1_A', '1_a')));
    expect(compareNames('1_a', '1_A')).not.toBe(0);
  });
});

describe('the next name', () => {
  test.each<[string, string | null, string]>([
    ['the first one is the time', null, '20261129162030123_a'],
    ['after an earlier time it is the time', '20250101000000000_x', '20261129162030123_a'],
    ['after a later time it is the next millisecond', '20991231235959999_x', '21000101000000000_a'],
    ['14 digits stay 14', '20250101000000_x', '20261129162030_a'],
    ['14 digits of a later time', '20991231235959_x', '20991231235960_a'],
    ['13 digits are milliseconds', '1700000000000_x', `${now.getTime()}_a`],
    ['numbers go on', '7_x', '8_a'],
    ['with their zeros', '0009_x', '0010_a'],
    ['17 digits that are no time are a number', '99999999999999998_x', '99999999999999999_a'],
  ])('%s', (_, last, wanted) => {
    const next = makeName(last, now, 'a');
    expect(next).toBe(wanted);
    if (last !== null) expect(compareNames(last, next)).toBeLessThan(0);
  });

  test('words without a letter give a name all the same', () => {
    expect(makeName('1_x', now, '!!!')).toBe('2_migration');
  });
});

describe('folders of other tools', () => {
  test.each<[keyof typeof layouts, string, string | null]>([
    ['dbmate', '20250101_a.sql', '20250101_a'],
    ['dbmate', 'readme.sql', null],
    ['node-pg-migrate', '1_a.js', null],
    ['graphile-migrate', 'committed/000001-a.sql', '000001-a'],
    ['graphile-migrate', 'current.sql', null],
    ['prisma', '20250101_a/migration.sql', '20250101_a'],
    ['prisma', '20250101_a.sql', null],
    ['supabase', '20250101_a.sql', '20250101_a'],
    ['supabase', 'sub/20250101_a.sql', null],
  ])('%s: %s is %s', (tool, path, name) => {
    expect(layouts[tool].nameOf(path)).toBe(name);
  });

  test('of a file of dbmate the way up is between its marks', () => {
    const text = '-- migrate:up\ncreate table t (a int);\n\n-- migrate:down\ndrop table t;\n';
    const { start, end } = layouts.dbmate.up(text);
    expect(text.slice(start, end).trim()).toBe('create table t (a int);');
    expect(layouts.dbmate.up('select 1;')).toEqual({ start: 0, end: 0 });
  });

  test('what is written for a tool is read back as it was', () => {
    for (const { name, written, up, nameOf } of Object.values(layouts)) {
      if (written === undefined) continue;
      const text = written.text('create table t (a int);', 'drop table t;', 'both');
      const { start, end } = up(text);
      expect([name, text.slice(start, end)]).toEqual([
        name,
        expect.stringContaining('create table t (a int);'),
      ]);
      expect(nameOf(written.path('20250101_a'))).toBe('20250101_a');
    }
  });

  test('placeholders of graphile-migrate become names, and the text stays as long', () => {
    const text = 'grant connect on database :DATABASE_NAME to x; select a::TEXT, b:c;';
    const plain = layouts['graphile-migrate'].plain?.(text) ?? '';
    expect(plain).toHaveLength(text.length);
    expect(plain).toBe('grant connect on database _DATABASE_NAME to x; select a::TEXT, b:c;');
  });
});
