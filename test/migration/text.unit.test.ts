// The text of a migration: its laws stand in docs/reference/migration-format.md.
import fc from 'fast-check';
import { getActions } from 'node-pg-migrate/sqlMigration';
import { compareMigrationFileNames } from 'node-pg-migrate/utils/comparators';
import { expect, test } from 'vitest';
import { compareNames, isMigrationName, makeName, makeSlug, readVersion } from '../../lib/migration/name.ts';
import { holdsMarker, keepRange, splitParts } from '../../lib/migration/parts.ts';
import {
  computeChecksum,
  type Down,
  type Migration,
  parseMigration,
  renderMigration,
  toOneLine,
  trimSql,
} from '../../lib/migration/text.ts';
import { failure } from '../failure.ts';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const piece = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\n',
    '\r\n',
    '--',
    '-- ',
    ' ',
    '\t',
    ';',
    "'",
    '$$',
    'up',
    'down',
    'migration',
    '\u2028',
    'select 1;',
  ),
);
const sql = fc
  .array(piece, { maxLength: 20 })
  .map((parts) => trimSql(parts.join('')))
  .filter((text) => !holdsMarker(text));
const words = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => toOneLine(text));
const down: fc.Arbitrary<Down> = fc.oneof(
  fc.constant<Down>({ is: 'exact' }),
  words.map((what): Down => ({ is: 'lossy', what })),
  words.map((why): Down => ({ is: 'impossible', why })),
);
const name = fc
  .tuple(fc.stringMatching(/^\d{17}$/), fc.stringMatching(/^[a-z0-9_]{0,20}$/))
  .map((parts) => parts.join('_'));
const migration: fc.Arbitrary<Migration> = fc.record({
  name,
  header: fc.option(
    fc.record({
      from: hex(32),
      to: hex(32),
      reader: fc.constantFrom('pgmage 0.1.0, PostgreSQL 18', 'pgmage 1.0.0, PostgreSQL 15'),
      after: fc.option(hex(64)),
      down,
    }),
  ),
  transaction: fc.constantFrom('both', 'up', 'down', 'none'),
  up: sql,
  down: fc.option(sql),
});

test('the bytes of a body are rendered as they are', () => {
  const up = "create function f() returns text language sql as $$select 'a'  \n\t\r\n$$;";
  expect(renderMigration({ name: '1_a', header: null, transaction: 'both', up, down: up })).toBe(
    `-- Up Migration\n\n${up}\n\n-- Down Migration\n\n${up}\n`,
  );
});

test('a rendered migration is parsed as it was', () => {
  fc.assert(
    fc.property(migration, (one) => {
      const { stated, checksum, ...parsed } = parseMigration(one.name, renderMigration(one));
      expect(parsed).toEqual(one);
      expect(stated).toBe(one.header === null ? null : checksum);
      expect(renderMigration(parsed)).toBe(renderMigration(one));
    }),
    { numRuns: 1000 },
  );
});

test('line ends, blanks at ends of lines and a byte order mark change nothing', () => {
  fc.assert(
    fc.property(migration, fc.constantFrom('\r\n', ' \n', '\t\r\n', '\n'), (one, end) => {
      const text = renderMigration(one);
      const other = `\ufeff${text.replaceAll('\n', end)}${end}${end}`;
      expect(computeChecksum(other)).toBe(computeChecksum(text));
      expect(parseMigration(one.name, other)).toEqual(parseMigration(one.name, text));
    }),
  );
});

test('every other change changes the checksum', () => {
  fc.assert(
    fc.property(migration, fc.nat(), fc.stringMatching(/^[a-z]$/), (one, place, letter) => {
      const text = renderMigration(one);
      const header = text.indexOf('-- Checksum:');
      const at = place % (text.length + 1);
      const line = text.slice(text.lastIndexOf('\n', at - 1) + 1);
      fc.pre(header < 0 || !line.startsWith('-- Checksum:'));
      expect(computeChecksum(text.slice(0, at) + letter + text.slice(at))).not.toBe(computeChecksum(text));
    }),
  );
});

test('node-pg-migrate runs the same parts', () => {
  const run = (action: unknown): string => {
    let sent = '';
    (action as (pgm: { sql(text: string): void }) => void)({ sql: (text) => (sent = text) });
    return sent;
  };
  const withoutMarker = (text: string) =>
    trimSql(text.replace(/^\s*--[\s-]*(up|down)\s+migration[^\n]*/i, ''));
  fc.assert(
    fc.property(migration, (one) => {
      const text = renderMigration(one);
      const actions = getActions(text);
      expect(withoutMarker(run(actions.up))).toBe(one.up);
      if (one.down === null) expect(actions.down).toBe(false);
      else expect(withoutMarker(run(actions.down))).toBe(one.down);
      const parts = splitParts(text);
      expect(keepRange(text, parts.up)).toHaveLength(text.length);
      expect(trimSql(keepRange(text, parts.up))).toBe(one.up);
    }),
    { numRuns: 500 },
  );
});

const refused = async (work: () => unknown) => work();

test('a line that would be taken for a marker is refused, and so is a lone way down', async () => {
  const body = { name: '1_a', header: null, transaction: 'both', down: null } as const;
  for (const up of ['select 1;\n-- Down Migration\n', "select '\n  ---- up\tmigration'"])
    expect((await failure(refused(() => renderMigration({ ...body, up })))).code).toBe('bad_migration');
  expect(
    (await failure(refused(() => parseMigration('1_a', '-- Down Migration\ndrop table a;')))).message,
  ).toContain('1_a.sql');
  const sealed = '-- Migration: 1_a\n-- Checksum: 0\n\n-- Up Migration\n';
  expect((await failure(refused(() => parseMigration('1_a', sealed)))).message).toContain('no Down');
});

test.each([
  ['1_a', '-- migrate:up\ncreate table a ();\n-- migrate:down\ndrop table a;'],
  ['1_a', '-- +goose Up\ncreate table a ();\n--+goose Down\ndrop table a;'],
  ['1_a', '-- +migrate Up\ncreate table a ();\n-- +migrate Down\ndrop table a;'],
  ['1_a', 'create table a ();\n---- create above / drop below ----\ndrop table a;'],
  ['1_a.down', 'drop table a;'],
])('a way back in the form of another tool does not run on the way up: %s', async (name, text) => {
  const { code, message } = await failure(refused(() => parseMigration(name, text)));
  expect([code, message]).toEqual(['bad_migration', expect.stringContaining(`${name}.sql`)]);
  expect(message).toContain('another tool');
  // In the form of pgmage these words are only a comment.
  const own = `-- Up Migration\n${text}\n-- Down Migration\nselect 1;`;
  expect(parseMigration('1_b', own).up).toBe(trimSql(text));
});

test('a file without markers leads forward, and a way down may stand first', () => {
  expect(parseMigration('1', 'create table a ();')).toMatchObject({
    header: null,
    up: 'create table a ();',
    down: null,
  });
  const other = parseMigration(
    '1',
    '-- Down Migration: x\ndrop table a;\n\n--- UP  migration\ncreate table a ();\n',
  );
  expect(other).toMatchObject({ up: 'create table a ();', down: 'drop table a;' });
});

test('names are ordered as node-pg-migrate orders them', () => {
  const some = fc
    .tuple(
      fc.oneof(
        fc.stringMatching(/^\d{1,16}$/),
        fc
          .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
          .map((date) => date.toISOString().replace(/\D/g, '')),
      ),
      fc.stringMatching(/^[\w.-]{0,8}$/),
    )
    .map((parts) => parts.join('_'));
  fc.assert(
    fc.property(some, some, (a, b) => {
      expect(isMigrationName(a)).toBe(true);
      const theirs = Math.sign(compareMigrationFileNames(a, b));
      if (theirs !== 0) expect(Math.sign(compareNames(a, b))).toBe(theirs);
      else expect(Math.sign(compareNames(a, b))).toBe(-Math.sign(compareNames(b, a)));
    }),
  );
});

test('the next name is the later one, whatever the clock says', () => {
  const digits = fc.oneof(
    fc.stringMatching(/^\d{4}$/),
    fc.stringMatching(/^\d{17}$/),
    fc.integer({ min: 0, max: 4e12 }).map((time) => String(time).padStart(13, '0')),
    fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }).chain((date) => {
      const all = date.toISOString().replace(/\D/g, '');
      return fc.constantFrom(all, all.slice(0, 14));
    }),
  );
  fc.assert(
    fc.property(
      digits,
      fc.string(),
      fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }),
      (last, said, now) => {
        const next = makeName(`${last}_x`, now, said);
        expect(isMigrationName(next)).toBe(true);
        expect(compareNames(`${last}_x`, next)).toBeLessThan(0);
      },
    ),
  );
  expect(makeName(null, new Date('2026-01-02T03:04:05.678Z'), 'Add Größe, now!')).toBe(
    '20260102030405678_add_grosse_now'.replace('grosse', makeSlug('Größe')),
  );
  expect(readVersion('20260102030405678_a')).toBe('20260102030405678');
});
