// Whatever somebody did to the files, the ledger or the database by other means is named, and db:sync
// refuses.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { history } from '../../lib/commands/history.ts';
import { isSound, status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { problemAnnotation, statusAnnotations, verifyAnnotations } from '../../lib/report/annotations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true, force: true };
const wanted = 'a int, b int, c int';
let cache: string;
let own: Project;
let database: Database;
let files: string[];

let texts: string[];

beforeAll(async () => {
  cache = await freshCache();
  const first = project(null, cache);
  for (const columns of ['a int', 'a int, b int', wanted]) {
    first.want(`create table t (${columns});`);
    await generate(first.context, { name: `step ${columns.length}` });
  }
  files = first.files();
  texts = files.map((one) => first.read(one));
  first.drop();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  own = project(database.url, cache);
  own.want(`create table t (${wanted});`);
  for (const [at, text] of texts.entries()) own.write(files[at] as string, text);
  await sync(own.context, yes, undefined);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const file = (at: number) => files[at] as string;
const name = (at: number) => file(at).replace('.sql', '');
const rows = (sql: string) => rowsOf(database.url, sql);

async function refusedWith(code: string, words: string) {
  const { sound, checks } = await verify(own.context);
  expect(sound).toBe(false);
  expect(checks.flatMap(({ faults }) => faults).join('\n')).toContain(words);
  own.want('create table t (a int, b int, c int, d int);');
  const problem = await failure(sync(own.context, yes, undefined));
  expect([problem.code, problem.message]).toEqual([code, expect.stringContaining(words)]);
  expect(await rows(`select from pg_attribute where attrelid = 't'::regclass and attname = 'd'`)).toEqual([]);
}

// The files of the annotation of a refused db:sync; those of db:verify and db:status have them, too.
async function annotatedFiles(): Promise<string[]> {
  const filesIn = (text: string) => [...text.matchAll(/,file=([^,]*),/g)].map(([, path = '']) => path);
  const found = filesIn(problemAnnotation(await failure(sync(own.context, yes, undefined))));
  for (const text of [
    verifyAnnotations(await verify(own.context)),
    statusAnnotations(await status(own.context)),
  ])
    expect(filesIn(text)).toEqual(expect.arrayContaining(found));
  return found;
}

test('nothing is wrong before', async () => {
  expect(await verify(own.context)).toMatchObject({ sound: true });
  const report = await status(own.context);
  expect(report.record).toMatchObject({
    files: 3,
    applied: 3,
    pending: [],
    unrecorded: [],
    drift: [],
    faults: [],
  });
  expect(isSound(report)).toBe(true);
  const { deeds } = await history(own.context);
  expect(
    deeds.map(({ migration, direction, outcome, role }) => [migration, direction, outcome, role]),
  ).toEqual(files.map((_, at) => [name(at), 'up', 'done', 'postgres']));
});

test('an edited file', async () => {
  own.write(file(1), own.read(file(1)).replace('integer', 'bigint'));
  await refusedWith('broken_chain', `${name(1)} was edited`);
  expect(await annotatedFiles()).toEqual([`migrations/${file(1)}`]);
});

test('an edited file whose checksum was taken along', async () => {
  const other = project(null, cache);
  other.want('create table t (a int);');
  await generate(other.context, { name: 'step 5' });
  own.write(file(0), other.read(other.files()[0] as string).replace('Down: exact', 'Down: lossy (x)'));
  other.drop();
  await refusedWith('broken_chain', `${name(0)} was edited`);
});

test('a deleted file', async () => {
  own.remove(file(1));
  await refusedWith('broken_chain', 'follows a migration that is missing');
});

test('the last file, deleted', async () => {
  own.remove(file(2));
  await refusedWith('ledger_broken', `${name(2)} is applied, but its file is missing`);
});

test('files that changed places', async () => {
  const [one, two] = [own.read(file(1)), own.read(file(2))];
  own.write(file(1), two);
  own.write(file(2), one);
  await refusedWith('broken_chain', 'but its name sorts before it');
});

test('a copied file', async () => {
  own.write(`${name(1)}_copy.sql`, own.read(file(1)));
  await refusedWith('broken_chain', `${name(1)}_copy is a copy of ${name(1)}`);
});

test('a renamed file', async () => {
  own.write(`${name(2)}_more.sql`, own.read(file(2)));
  own.remove(file(2));
  await refusedWith('broken_chain', `${name(2)}_more was renamed from ${name(2)}`);
});

test('rows of the ledger that were changed, taken away or added by hand', async () => {
  await rows(`update pgmage.schema_migrations set checksum = 'x' where name = '${name(2)}'`);
  await refusedWith('ledger_broken', `${name(2)}`);
  await rows(`delete from pgmage.schema_migrations where name = '${name(2)}'`);
  await refusedWith('ledger_broken', `row of ${name(2)} was removed by hand`);
  expect(await annotatedFiles()).toEqual([`migrations/${file(2)}`]);
  await rows(`insert into pgmage.schema_migrations (name, run_on, checksum) values ('9_x', now(), 'x')`);
  await refusedWith('ledger_broken', 'row of 9_x was added by hand');
});

test('a change of the database by other means', async () => {
  await rows('alter table t add by_hand text; create index by_hand on t (a)');
  const { record } = await status(own.context);
  expect(record?.drift.map(({ text }) => text).join()).toContain('by_hand');
  await refusedWith('drifted', 'by_hand');
  await rows('alter table t drop by_hand; drop index by_hand');
  expect((await sync(own.context, yes, undefined)).applied).toHaveLength(1);
});

test('what is pending and what is in no migration yet are told apart', async () => {
  own.want('create table t (a int, b int, c int, d int);');
  await generate(own.context, { name: 'd' });
  own.want('create table t (a int, b int, c int, d int, e int);');
  const { record, inSync } = await status(own.context);
  expect(inSync).toBe(false);
  expect(record).toMatchObject({ files: 4, applied: 3, pending: [expect.stringMatching(/_d$/)], drift: [] });
  expect(record?.unrecorded.map(({ text }) => text)).toEqual(['ALTER TABLE t ADD COLUMN e integer']);
});
