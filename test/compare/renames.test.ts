// What was renamed is renamed: rows stay, what depends on it follows, and the way back gives the old names
// back.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import type { RenameQuestion } from '../../lib/compare/renames.ts';
import { readRenameComments } from '../../lib/sql/rename-comments.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, isTurnOf, servers } from '../servers/running.ts';
import { walks } from './rename-pairs.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const both = servers().filter(({ major }) => major === 15 || major === 18);
const walked = walks.flatMap((walk, at) =>
  both
    .filter((server) => isTurnOf(server, at, both))
    .map((server) => ({ ...walk, server, major: server.major })),
);
const yes = { yes: true } as const;

test.each(walked)(
  '$of: $major',
  async ({ server, old, new: wanted, rename = [], seed, rows, also, named }) => {
    await withDatabase(server, ({ url }) =>
      withProject(url, cache, async (own) => {
        own.want(old);
        await sync(own.context, yes, undefined);
        await rowsOf(url, seed);
        const version = own.files().at(-1)?.slice(0, 17) as string;
        own.want(wanted);
        const { pending, renames, possible } = await sync(own.context, { ...yes, rename }, undefined);
        expect(pending.filter(({ down }) => down?.is !== 'exact')).toEqual([]);
        expect(possible).toEqual([]);
        expect(renames.length).toBeGreaterThanOrEqual(rename.length);
        expect(pending[0]?.name.slice(18)).toContain(named);
        const [up = '', down = ''] = (pending[0]?.text ?? '').split('-- Down Migration').map((part) => part);
        for (const part of [up, down])
          for (const statement of part.split(/;\n/).filter((one) => /^\s*(ALTER|DROP|CREATE|DO)/m.test(one)))
            expect(statement).toMatch(
              also ? new RegExp(`RENAME|${also.source}|DROP NOT NULL|TYPE`) : /RENAME/,
            );
        expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
        const values = async (sql: string) => (await rowsOf(url, sql)).map((row) => (row as { v: string }).v);
        const before = await values(rows[0]);
        expect(before.length).toBeGreaterThan(0);
        await rollback(own.context, { ...yes, version }, undefined);
        own.want(old);
        expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
        expect(await values(rows[1])).toHaveLength(before.length);
      }),
    );
  },
);

const [plain, renamed] = ['create table t (a int, b text);', 'create table t (a int, c text);'];

test('nothing is guessed: without an answer it is dropped and added, and the report says how to say it', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(plain);
      await sync(own.context, yes, undefined);
      own.want(renamed);
      const refused = await failure(sync(own.context, yes, undefined));
      expect([refused.code, refused.hint]).toEqual([
        'data_loss_refused',
        expect.stringMatching(/DROP COLUMN b.*If you renamed an object, pass --rename t\.b=c$/),
      ]);
      const asked: RenameQuestion[] = [];
      const answer = (place: number | null) => async (question: RenameQuestion) => {
        asked.push(question);
        return place;
      };
      const declined = await sync(own.context, { force: true }, async () => false, answer(null));
      expect(asked).toEqual([{ gone: 'COLUMN t.b', names: ['c'] }]);
      expect(declined).toMatchObject({ renames: [], possible: [], applied: null });
      const { possible } = await difference(own.context);
      expect(possible).toEqual([{ text: 'COLUMN t.b', to: 'c', option: 't.b=c' }]);
      const done = await sync(own.context, {}, async () => true, answer(0));
      expect(done.renames).toEqual([{ text: 'COLUMN t.b', to: 'c', option: 't.b=c' }]);
      expect(done.cautions.map(({ hazard }) => hazard)).not.toContain('deletes_data');
      expect((await rollback(own.context, yes, undefined)).done).toBe(true);
      expect(await rowsOf(url, 'select b from t')).toEqual([]);
    }),
  );
});

test('between any two sources, and as a change like any other', async () => {
  const oldest = servers()[0] ?? anyServer();
  await withDatabase(oldest, ({ url }) =>
    withProject(url, cache, async (own) => {
      await rowsOf(url, `${plain} create view v as select b from t; create table u (id serial)`);
      own.want(
        `${renamed} create view v as select c as b from t;
         -- pgmage:renamed from u
         create table w (id serial);`,
      );
      const report = await difference(own.context, { rename: ['t.b=c'] });
      // A NOT NULL has a name of its own since 18.
      const texts = report.changes.map(({ text }) => text).filter((text) => !text.startsWith('NOT NULL'));
      expect(texts.sort()).toEqual([
        'COLUMN t.b: name b → c',
        'SEQUENCE u_id_seq: name u_id_seq → w_id_seq',
        'TABLE u: name u → w',
      ]);
      const steps = report.up.filter(({ sql }) => !sql.includes('CONSTRAINT'));
      expect(steps.map(({ sql, segment }) => `${segment} ${sql}`).sort()).toEqual([
        '0 ALTER SEQUENCE public.u_id_seq RENAME TO w_id_seq',
        '0 ALTER TABLE public.t RENAME COLUMN b TO c',
        '0 ALTER TABLE public.u RENAME TO w',
      ]);
      for (const { sql } of report.up) await rowsOf(url, sql);
      expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
      for (const { sql } of report.down) await rowsOf(url, sql);
      expect(await rowsOf(url, 'select b from v')).toEqual([]);
    }),
  );
});

test('what cannot be meant is refused, and what is done already is not', async () => {
  await withProject(null, cache, async (own) => {
    const rest = 'create schema s; create table';
    own.want(`${plain} create table u (b int); ${rest} s.u (b int);`);
    await generate(own.context);
    const reason = async (rename: string) =>
      (await failure(generate(own.context, { rename: [rename] }))).message;
    expect(await reason('t.x=y')).toBe('Bad option --rename t.x=y: no object has the old or the new name');
    expect(await reason('t.a=b')).toContain('the wanted schema still has the old name');
    expect(await reason('t.a=y')).toContain('the wanted schema has no object with the new name');
    expect(await reason('t.a')).toContain('write old=new');
    expect(await reason('thing:a=b')).toContain('thing is not a kind of object');
    expect((await generate(own.context, { rename: ['t.former=b'] })).written).toEqual([]);
    own.want(`${plain} create table w (b int); ${rest} s.w (b int);`);
    expect(await reason('u=w')).toContain('it matches table:public.u or table:s.u');
    const { renames, possible } = await generate(own.context, { rename: ['s.u=w'] });
    expect(renames.map(({ option }) => option)).toEqual(['s.u=w']);
    expect(possible.map(({ option }) => option)).toEqual(['u=w']);
  });
});

test('renames that are written by hand lose nothing', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(plain);
      await sync(own.context, yes, undefined);
      await rowsOf(url, `insert into t values (1, 'x')`);
      own.write(
        '20270101000000000_by_hand.sql',
        '-- Up Migration\nalter table t rename b to c;\n-- Down Migration\nalter table t rename c to b;',
      );
      own.want(renamed);
      const { pending } = await sync(own.context, yes, undefined);
      expect(pending.map(({ down }) => down)).toEqual([{ is: 'exact' }]);
      await rollback(own.context, yes, undefined);
      expect(await rowsOf(url, 'select b from t')).toEqual([{ b: 'x' }]);
    }),
  );
});

test('comments are read where they stand', () => {
  const said = (text: string) =>
    readRenameComments(text).map(({ from, to }) => `${from.join('.')} > ${to.join('.')}`);
  const says = '-- pgmage:renamed from';
  expect(said(`${says} a\ncreate table if not exists app."B" (x int);`)).toEqual(['a > app.B']);
  expect(said(`create table b ( ${says} a\n x int\n);`)).toEqual(['a > b']);
  expect(said(`create table b (x int, ${says} a\n y int);`)).toEqual(['a > b']);
  expect(said(`create table b (\n  x int, ${says} "A a"\n  y int);`)).toEqual(['A a > b.x']);
  expect(said(`create table b (\n  ${says} c\n  constraint "D" check (x > 0));`)).toEqual(['c > b.D']);
  expect(said(`create type m as enum (\n  'a', ${says} 'old one'\n 'b');`)).toEqual(['old one > m.a']);
  expect(
    said('/* pgmage:renamed from f */ create or replace function g(int) returns int as $$ -- x\n$$;'),
  ).toEqual(['f > g']);
  expect(said(`${says} a\nalter table only t add constraint b unique (x);`)).toEqual(['a > t.b']);
  expect(said(`${says} i\ncreate unique index concurrently j on t (a);`)).toEqual(['i > j']);
  expect(said(`${says} o\ncreate table type (a int);`)).toEqual(['o > type']);
  expect(said(`select '${says} a'; create table t ();`)).toEqual([]);
  expect(said(`${says} a`)).toEqual([]);
});
