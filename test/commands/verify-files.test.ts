// db:verify --files: the migration files are checked without a database.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { verify } from '../../lib/commands/verify.ts';
import { verifyText } from '../../lib/report/migrations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { withProject } from '../project/project.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const paper = { width: 100, colour: false, now: new Date('2026-01-02') };

test('a database that cannot be reached is not asked for', async () => {
  await withProject('postgres://app@127.0.0.1:1/shop', cache, async (own) => {
    own.want('create table t (id int primary key);');
    await generate(own.context, {}, undefined);
    expect((await failure(verify(own.context))).code).toBe('connection_refused');
    const report = await verify(own.context, { files: true });
    expect(verifyText(report, paper)).toBe(`The files of migrations
ok   The migrations follow one another
ok   Replaying the migrations gives the recorded schema
ok   Each migration can be undone as its header says
ok   The migrations lead to the wanted schema`);
    expect([report.sound, report.target]).toEqual([true, null]);
    const [file = ''] = own.files();
    own.write(file, own.read(file).replace('id integer', 'id bigint'));
    own.want('create table t (id int primary key, a text);');
    const edited = await verify(own.context, { files: true });
    const failed = edited.checks.filter(({ faults }) => faults.length > 0).map(({ is }) => is);
    expect([edited.sound, failed]).toEqual([false, ['chain', 'fingerprint', 'recorded']]);
  });
});
