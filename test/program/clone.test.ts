// db:clone as people and programs meet it: its text, its facts, its exit codes, and no password anywhere.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CloneReport } from '../../lib/commands/clone.ts';
import { clonePlanText, cloneText } from '../../lib/report/clone.ts';
import { run } from '../../lib/runner/main.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const server = anyServer();
let root: string;
let source: Database;
let target: Database;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-clone-cli-'));
  [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  await rowsOf(source.url, 'create table users (id serial primary key); insert into users default values');
  await rowsOf(target.url, 'create table old (n int); insert into old values (1), (2)');
  writeFileSync(join(root, '.env.production'), `DATABASE_URL=${source.url}`);
  writeFileSync(join(root, '.env.staging'), `DATABASE_URL=${target.url}`);
});
afterEach(async () => {
  rmSync(root, { recursive: true });
  await Promise.all([source.drop(), target.drop()]);
});

async function pgmage(words: readonly string[], answer?: boolean) {
  const [out, log, asked]: [string[], string[], string[]] = [[], [], []];
  const code = await run({
    words: ['db:clone', ...words],
    cwd: root,
    variables: {},
    terminal: undefined,
    logsToTerminal: false,
    now: () => new Date(),
    print: (text) => out.push(text),
    log: (text) => log.push(text),
    ...(answer !== undefined && {
      ask: async (question: string) => {
        asked.push(question);
        return answer;
      },
    }),
  });
  const told = [...out, ...log].join('\n');
  expect(told).not.toContain(server.password);
  return { code, out: out.join('\n'), log: log.join('\n'), asked };
}

const there = async () =>
  (await rowsOf<{ old: string | null }>(target.url, `select to_regclass('old')::text as old`))[0];
const way = ['--from', 'prod', '--to', 'staging'];

test('it is shown and asked, and declined it does nothing', async () => {
  const { code, out, log, asked } = await pgmage([...way, '--force'], false);
  expect({ code, out, asked }).toEqual({
    code: 1,
    out: 'Declined. staging is unchanged.',
    asked: ['Go on?'],
  });
  for (const line of [
    /^Source: prod {2}\(postgres:\/\/postgres@127\.0\.0\.1:\d+\/test_\w+\)$/m,
    /^Target: staging {2}\(postgres:/m,
    new RegExp(`^ok {3}reachable: prod runs PostgreSQL ${server.major}\\.\\d+, staging runs PostgreSQL`, 'm'),
    /^ok {3}different databases: by system identifier and database OID$/m,
    /^ok {3}server versions: /m,
    /^ok {3}extensions: none is needed$/m,
    /^ok {3}roles: /m,
    /^ok {3}protection: staging is not protected$/m,
    /^ok {3}size: \d+ [kM]B\. Transfer may take 1 second$/m,
    /^ok {3}disk space: [\d.]+ [MG]B are free for staging, and prod needs \d+ MB$/m,
    /^This replaces the whole content of staging: 1 table with 2 rows:$/m,
    /^ {2}public\.old: 2 rows$/m,
    /^Engine: pgmage, without client tools\.$/m,
  ])
    expect(log).toMatch(line);
  expect(await there()).toEqual({ old: 'old' });
});

test('agreed to, it says what was done', async () => {
  const { code, out } = await pgmage([...way, '--force'], true);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^Cloned prod to staging: 1 table with 1 row, 1 sequence, 0 large objects\.\nVerified before the commit: the schema and the rows of every table\.\n31 bytes in \d+\.\d s, \d+ (bytes|kB)\/s\.$/,
  );
  expect(await there()).toEqual({ old: null });
});

test('a swap says what it is going to do, did, and how what it kept goes', async () => {
  const { code, out, log } = await pgmage([...way, '--swap', '--jobs', '2'], true);
  expect({ code, log }).toMatchObject({ code: 0 });
  for (const line of [
    /^ok {3}new database: the role can create and rename it$/m,
    /^ok {3}direct connection: there is no pooler$/m,
    /^ok {3}other sessions: none$/m,
    /^This replaces the whole content of staging: 1 table with 2 rows:$/m,
    /^2 sessions on each side fill a new database, which then replaces staging\.$/m,
    /^The old database of staging is kept as test_\w+_old_\d{8}t\d{6}\.$/m,
  ])
    expect(log).toMatch(line);
  expect(out).toMatch(
    /^Verified before the swap: the schema and the rows of every table\.\nKept the old database of staging as (\w+)\. To drop it: db:clone --drop-old --to staging$/m,
  );
  expect(await there()).toEqual({ old: null });
  const drop = ['--drop-old', '--to', 'staging'];
  expect(await pgmage([...drop, '--force'], false)).toMatchObject({
    code: 1,
    out: 'Declined. Nothing was dropped.',
  });
  expect((await pgmage(drop)).log).toContain('needs confirmation');
  const dropped = await pgmage([...drop, '--yes']);
  expect(dropped.log).toMatch(/^This drops, and ends the sessions in them:\n {2}test_\w+ \(\d+ MB\)$/m);
  expect(dropped.out).toMatch(/^Dropped test_\w+_old_\d{8}t\d{6}\.$/);
  expect((await pgmage([...drop, '--yes'])).out).toBe('staging has no kept database.');
});

test('without a terminal: --yes, --force, and one JSON document', async () => {
  expect(await pgmage(way)).toMatchObject({
    code: 1,
    log: expect.stringContaining('Cannot proceed: would drop data. Use --force flag'),
  });
  expect(await pgmage([...way, '--force'])).toMatchObject({
    code: 64,
    log: expect.stringContaining('pass --yes'),
  });
  const refused = await pgmage([...way, '--json']);
  expect(JSON.parse(refused.out).problem).toMatchObject({
    code: 'data_loss_refused',
    data: { losses: ['public.old (2 rows)'] },
  });
  const { code, out } = await pgmage([...way, '--force', '--yes', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    source: { name: 'prod', protected: true },
    target: { name: 'staging', protected: false },
    engine: 'pgmage',
    replaces: [{ name: 'public.old', rows: 2 }],
    done: {
      tables: [{ name: 'public.users', rows: 1 }],
      sequences: 1,
      largeObjects: 0,
      bytes: 31,
      notes: [],
      left: [],
      reworded: 0,
    },
    retries: [],
  });
});

test('prod is protected: nothing is copied into it without its name', async () => {
  const words = ['--from', 'staging', '--to', 'prod', '--yes', '--force'];
  expect(await pgmage(words)).toMatchObject({ code: 1, log: expect.stringContaining('add --confirm prod') });
  expect((await pgmage([...words, '--confirm', 'staging'])).code).toBe(1);
  expect((await pgmage([...words, '--confirm', 'prod'])).code).toBe(0);
});

test.each([
  [['--from', 'prod'], 64, '--to'],
  [['--from', 'schema.sql', '--to', 'staging'], 64, 'schema.sql is not a database'],
  [['--from', 'prod', '--to', 'local'], 64, 'embedded database'],
  [['--from', 'prod', '--to', 'nowhere'], 64, 'Unknown environment nowhere'],
  [[...way, '--engine', 'other'], 64, 'native'],
] as const)('what cannot be is said: %s', async (words, code, text) => {
  expect(await pgmage(words)).toMatchObject({ code, log: expect.stringContaining(text) });
});

test('what is left out, noted and tried again is told', () => {
  const named = { name: 'prod', address: 'postgres://x', protected: false };
  const report: CloneReport = {
    source: named,
    target: { ...named, name: 'staging' },
    checks: [
      { name: 'collation', outcome: 'warning', text: 'they sort otherwise' },
      { name: 'size', outcome: 'ok', text: 'small' },
    ],
    ...{
      engine: 'pgmage',
      bytes: 1,
      estimateSeconds: 1,
      replaces: [],
      replacesObjects: 0,
      durationMs: 2000,
      dataOnly: false,
      masked: ['public.users.email'],
    },
    ...{ swap: null, swapped: null },
    retries: [{ code: 'connection_lost', message: 'The connection was lost', waited: 5 }],
    done: {
      ...{ tables: [], sequences: 0, largeObjects: 0, bytes: 4 * 2 ** 20, reworded: 3 },
      notes: ['materialized view m was refreshed'],
      left: ['SUBSCRIPTION s: it would take'],
    },
  };
  const text = cloneText(report, { width: 80, uncut: true, colour: false, now: new Date() });
  expect(text.split('\n').slice(2)).toEqual([
    'Masked: public.users.email.',
    '4 MB in 2.0 s, 2 MB/s.',
    'WARN collation: they sort otherwise',
    'The target server writes 3 definitions differently.',
    'Note: materialized view m was refreshed',
    'Not copied: SUBSCRIPTION s: it would take',
    'Retried after 5 s: The connection was lost',
  ]);
});

test('the plan says which columns are masked, and that a target has no such tables', () => {
  const named = { name: 'staging', address: 'postgres://x', protected: false };
  const plan = {
    ...{ source: named, target: named, checks: [], engine: 'pgmage', bytes: 1, estimateSeconds: 1 },
    ...{ dataOnly: true, masked: ['public.users.email'], replaces: [], replacesObjects: 0, swap: null },
  };
  const text = clonePlanText(plan, { width: 80, uncut: true, colour: false, now: new Date() });
  expect(text.split('\n').slice(2, 4)).toEqual([
    'staging holds none of these tables.',
    'Masked: public.users.email.',
  ]);
});
