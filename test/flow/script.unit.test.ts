// A script is taken apart the same way wherever its pieces are cut.
import { expect, test } from 'vitest';
import { ScriptReader, serverScript } from '../../lib/flow/script.ts';
import { failure } from '../failure.ts';

const script = `--
-- PostgreSQL; a "comment" with 'quotes
--

\\restrict abc

SET a = on;
SELECT pg_catalog.setval('public."it''s; -- "', 4, true);

COPY public."a;
b" (id, "c""d;") FROM stdin;
1	x;
\\\\.	'\\.
\\.x
\\.


COPY public.none  FROM stdin;
\\.

COPY public.columnless  FROM stdin;


\\.

SELECT 'é
two lines';
\\unrestrict abc
`;

const wanted = [
  'SET a = on;',
  `SELECT pg_catalog.setval('public."it''s; -- "', 4, true);`,
  'COPY public."a;\nb" (id, "c""d;") FROM stdin;',
  "1\tx;\n\\\\.\t'\\.\n\\.x\n",
  'COPY public.none  FROM stdin;',
  '',
  'COPY public.columnless  FROM stdin;',
  '\n\n',
  "SELECT 'é\ntwo lines';",
];

async function* cut(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function partsOf(text: string, size: number): Promise<string[]> {
  const source = new ScriptReader(cut(text, size));
  const parts: string[] = [];
  for (let part = await source.next(); part !== null; part = await source.next()) {
    if (part.is === 'command') continue;
    parts.push(`${part.sql}${part.isLast ? '' : ';'}`);
    if (part.head[0] !== 'copy') continue;
    const rows: Uint8Array[] = [];
    for await (const piece of source.rows()) rows.push(Buffer.from(piece));
    parts.push(Buffer.concat(rows).toString());
  }
  return parts;
}

test('statements and rows, in pieces of every size', async () => {
  for (let size = 1; size <= script.length + 20; size++)
    expect([size, await partsOf(script, size)]).toEqual([size, wanted]);
});

const bodies = [
  "CREATE FUNCTION a() RETURNS int LANGUAGE plpgsql AS $_$ begin; return $1; -- '\n end; $_$;",
  'CREATE FUNCTION b() AS $$ ; $_$ ; $a$ " $$;',
  `CREATE OR REPLACE FUNCTION c("begin" int, d$1 int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
 SELECT CASE WHEN ($1 = 1) THEN 'end' ELSE 'x;' END; /* ' ; */ SELECT 2 AS "end";
END;`,
  'CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; DELETE FROM u; );',
  'CREATE VIEW begin AS SELECT 1; ',
  `COMMENT ON FUNCTION a() IS 'it''s $$ -- ;';`,
  "SELECT 1 -- a ; '\n;",
].map((one) => one.trim());

test('bodies of functions and what else has semicolons in it', async () => {
  const text = `/* ; ' */ ${bodies.join("\n-- it's;\n")}`;
  for (let size = 1; size <= text.length + 20; size++)
    expect([size, await partsOf(text, size)]).toEqual([size, bodies]);
});

test('a script that ends in the middle of rows or of a statement is an error, wherever it ends', async () => {
  const from = script.indexOf('1\tx;');
  const to = script.indexOf('\\.\n', script.indexOf('\\.x')) + 3;
  for (let end = from; end < to; end++) {
    const part = Buffer.from(script).subarray(0, end).toString();
    // Without its line end the last line is one, too.
    if (!part.endsWith('\n\\.')) expect((await failure(partsOf(part, 7))).code).toBe('client_failed');
  }
  for (const end of [`SELECT '1`, 'SELECT (1;', 'SELECT 1 /* 2', 'SELECT $a$ 1;', 'SELECT "a'])
    expect((await failure(partsOf(end, 3))).code).toBe('client_failed');
  expect(await partsOf('SELECT 1; SELECT 2 ', 3)).toEqual(['SELECT 1;', 'SELECT 2 ']);
});

test('what only psql or a newer server knows is left out, and what a newer one reserves is quoted', () => {
  const text =
    `\\restrict k1\nSET transaction_timeout = 0;\nCREATE FUNCTION f() AS '\n\\restrict` +
    ` other\n';\n\\unrestrict k1\n`;
  const body = `CREATE FUNCTION f() AS '\n\\restrict other\n';\n`;
  expect(serverScript(text, 15, 18)).toBe(`\n${body}\n`);
  expect(serverScript(text, 18, 18)).toBe(`SET transaction_timeout = 0;\n${body}\n`);
  expect(serverScript('SELECT 1;', 18, 18)).toBe('SELECT 1;');
  const names =
    `-- it's json\nCREATE FUNCTION f(json json) AS 'json', $$json$$, E'\\'json',` + ' "json", "a""json"';
  expect(serverScript(names, 15, 15)).toBe(names);
  expect(serverScript(names, 18, 15)).toBe(names.replace('json json', '"json" "json"'));
  expect(serverScript(names, 18, 17)).toBe(names);
  const long = `SELECT lo_write('${'x'.repeat(5_000_000)}');`;
  expect(serverScript(long, 18, 15)).toBe(long);
});
