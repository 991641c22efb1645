// What is refused of a script, wherever its pieces are cut, and however it is written.
import { expect, test } from 'vitest';
import { refuseScript } from '../../lib/backup/script-source.ts';
import { ScriptReader } from '../../lib/flow/script.ts';
import { ScriptRules } from '../../lib/flow/script-rules.ts';
import { failure } from '../failure.ts';

async function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** How a text is judged. */
interface Way {
  readonly size?: number;
  readonly standard?: boolean;
  readonly major?: number;
  readonly noOwner?: boolean;
}

/** What is run of a text, and what is refused of it. */
async function judged(text: string, way: Way = {}): Promise<string[]> {
  const { size = 1 << 16, standard = true, major = 18, noOwner = false } = way;
  const reader = new ScriptReader(cut(Buffer.from(text), size), refuseScript('x.sql'));
  const rules = new ScriptRules({ major, noOwner });
  const found: string[] = [];
  for (;;) {
    reader.standardStrings = standard;
    const part = await reader.next();
    const verdict = part === null ? rules.end() : rules.judge(part);
    if (verdict.is === 'refuse') found.push(`${verdict.line}: ${verdict.reason}`);
    if (part === null) return found;
    if (verdict.is === 'run') found.push(part.sql.toString());
    if (verdict.is === 'rows')
      for await (const rows of reader.rows()) found.push(`rows ${Buffer.from(rows)}`);
  }
}

const transaction = (word: string, line = 1) => `${line}: ${word} is a transaction command`;

test.each([
  ['commit', transaction('COMMIT')],
  ['/* a */ -- b\n COMMIT AND CHAIN', transaction('COMMIT', 2)],
  ['/* /* nested */ still */ end', transaction('END')],
  ['-- ends at a carriage return\rcommit', transaction('COMMIT')],
  ['abort', transaction('ABORT')],
  ['Rollback to savepoint a', transaction('ROLLBACK')],
  ['savepoint a', transaction('SAVEPOINT')],
  ['release a', transaction('RELEASE')],
  ['start transaction', transaction('START')],
  [`prepare transaction 'a'`, transaction('PREPARE')],
  [`commit prepared 'a'`, transaction('COMMIT')],
  ['begin', transaction('BEGIN')],
  ['begin; select 1', transaction('BEGIN')],
  ['vacuum full t', '1: VACUUM FULL T cannot run in a transaction'],
  ['create database a', '1: CREATE DATABASE A cannot run in a transaction'],
  ['drop tablespace a', '1: DROP TABLESPACE A cannot run in a transaction'],
  ['alter system set a = 1', '1: ALTER SYSTEM SET A cannot run in a transaction'],
  [
    'create unique index concurrently on t (a)',
    '1: CREATE UNIQUE INDEX CONCURRENTLY cannot run in a transaction',
  ],
  ['drop index concurrently a', '1: DROP INDEX CONCURRENTLY A cannot run in a transaction'],
  ['reindex (verbose) table concurrently t', '1: REINDEX TABLE CONCURRENTLY T cannot run in a transaction'],
  ['reindex database', '1: REINDEX DATABASE cannot run in a transaction'],
  ['alter table a.b detach partition c concurrently', '1: ALTER TABLE A B cannot run in a transaction'],
  ['discard all', '1: DISCARD ALL cannot run in a transaction'],
  [`copy t from program 'id'`, '1: COPY runs a program on the server'],
  [`copy t (a) from '/etc/passwd'`, '1: COPY reads a file of the server'],
  [`copy t to stdout`, '1: COPY writes rows instead of reading them'],
  [`copy (select 1) to program 'id'`, '1: COPY runs a program on the server'],
  ['\\connect other', '1: \\connect is a command of psql'],
  ['\\c', '1: \\c is a command of psql'],
  ['\\i other.sql', '1: \\i is a command of psql'],
  ['\\ir other.sql', '1: \\ir is a command of psql'],
  ['\\copy t from x', '1: \\copy is a command of psql'],
  ['\\! id', '1: \\! is a command of psql'],
  ['\\echo a \\! id', '1: \\echo is a command of psql'],
  ['\\echo `id`', '1: \\echo is a command of psql'],
  ['\\set a b', '1: \\set is a command of psql'],
  ['select 1 \\gexec\n', '1: a command of psql is inside of a statement'],
  ['select 1\u0000; commit', '1: the statement contains a zero byte'],
  [`set client_encoding = 'SJIS'`, '1: the encoding is SJIS: convert the file to UTF-8'],
  [`set names 'gb18030'`, '1: the encoding is gb18030: convert the file to UTF-8'],
])('%s', async (text, reason) => {
  for (const size of [1, 2, 3, 100]) expect((await judged(text, { size }))[0]).toBe(reason);
});

const hidden = [
  [`select e'\\''; commit; select ''`, [`select e'\\''`, transaction('COMMIT'), `select ''`]],
  [`select e'a'\n'\\''; commit; select ''`, [`select e'a'\n'\\''`, transaction('COMMIT', 2), `select ''`]],
  [`select e'a' -- b\n  '\\''; commit`, [`select e'a' -- b\n  '\\''`, transaction('COMMIT', 2)]],
  [`select '\\'; commit; select ' '`, [`select '\\'`, transaction('COMMIT'), `select ' '`]],
  [`select U&'\\0061\\'; commit`, [`select U&'\\0061\\'`, transaction('COMMIT')]],
  [`select b'1', x'f', n'\\'; end`, [`select b'1', x'f', n'\\'`, transaction('END')]],
  ['select $a$ ; $b$ commit; $a$; commit', ['select $a$ ; $b$ commit; $a$', transaction('COMMIT')]],
  ['select 1$a$;commit;$a$', ['select 1$a$;commit;$a$']],
  ['select 1e5$a$;commit;$a$', ['select 1e5$a$;commit;$a$']],
  ['select a$a$;commit', ['select a$a$', transaction('COMMIT')]],
  ['select $1$a$;commit;$a$', ['select $1$a$;commit;$a$']],
  ['select 1 --\r;commit', ['select 1 --\r', transaction('COMMIT')]],
  [
    'select 1 /*/ ; commit; /* */ ; */ */; commit',
    ['select 1 /*/ ; commit; /* */ ; */ */', transaction('COMMIT')],
  ],
  ['select 1 +/**/ 2; commit', ['select 1 +/**/ 2', transaction('COMMIT')]],
  ['select "a""b;"; commit', ['select "a""b;"', transaction('COMMIT')]],
  [
    'create function f() returns int begin atomic select 1 as case; end; commit',
    ['create function f() returns int begin atomic select 1 as case; end', transaction('COMMIT')],
  ],
  [
    'create function f() returns int begin atomic select (r).case; end; commit',
    ['create function f() returns int begin atomic select (r).case; end', transaction('COMMIT')],
  ],
  [
    'create procedure begin() begin atomic select case when true then 1 end; commit; end; commit',
    [
      'create procedure begin() begin atomic select case when true then 1 end; commit; end',
      transaction('COMMIT'),
    ],
  ],
  [`do $$ begin commit; end $$; select 1`, ['do $$ begin commit; end $$', 'select 1']],
] as const;

test.each(hidden)('%s', async (text, wanted) => {
  for (const size of [1, 2, 3, 5, 1000]) expect(await judged(text, { size })).toEqual(wanted);
});

test('texts are read by the setting of the session', async () => {
  const text = `select '\\'; commit; select '`;
  expect(await judged(text, { standard: false })).toEqual([text]);
  expect(await judged(`select '\\''; commit`, { standard: false })).toEqual([
    `select '\\''`,
    transaction('COMMIT'),
  ]);
});

test('rows of COPY in every form', async () => {
  const text = [
    'copy "a b"."c" (x, "y;") from stdin with (format csv, header, null \'\\N\');',
    '1;2',
    '\\.x',
    '\\.',
    'COPY BINARY t FROM STDOUT;\r',
    '\\.\r',
    'copy t from stdin -- rows\n; -- here',
    'x',
    '\\.',
  ].join('\n');
  for (const size of [1, 2, 3, 7, 1000])
    expect((await judged(text, { size })).join('').replaceAll('rows ', '')).toBe('1;2\n\\.x\nx\n');
});

test('what follows a COPY on its line, and rows without an end, are refused', async () => {
  for (const text of ['copy t from stdin; commit;\n\\.\n', 'copy t from stdin;\n1\n', 'copy t from stdin;'])
    for (const size of [1, 4, 100])
      expect((await failure(judged(text, { size }))).code).toBe('script_refused');
});

test('what pg_dump writes for psql or for a newer server is skipped', async () => {
  const objects = `BEGIN;\nSELECT pg_catalog.lo_open('1', 131072);\nSELECT pg_catalog.lowrite(0, '\\x');
SELECT pg_catalog.lo_close(0);\nCOMMIT;`;
  const text = `\\restrict a1\nSET transaction_timeout = 0;\n${objects}\n\\unrestrict a1\n\\echo done\n\\set ON_ERROR_STOP on\n`;
  const own = (await judged(text, { major: 15 })).map((sql) => sql.replace(/\(.*/, ''));
  expect(own).toEqual(['lo_open', 'lowrite', 'lo_close'].map((name) => `SELECT pg_catalog.${name}`));
  expect((await judged(text))[0]).toBe('SET transaction_timeout = 0');
  expect(await judged('begin;\nselect lo_open(1, 2);')).toContain(transaction('BEGIN'));
  expect(await judged('BEGIN;\nSELECT pg_catalog.lo_close(0);')).toContain(transaction('BEGIN'));
});

test('owners and privileges are left out on request', async () => {
  const text = `ALTER TABLE a OWNER TO "b c"; GRANT ALL ON a TO b; REVOKE ALL ON a FROM b;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO b; COMMENT ON TABLE a IS 'OWNER TO x'`;
  expect(await judged(text, { noOwner: true })).toEqual([`COMMENT ON TABLE a IS 'OWNER TO x'`]);
  expect(await judged(text)).toHaveLength(5);
});
