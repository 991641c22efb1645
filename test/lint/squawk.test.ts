// What squawk flags is flagged: for each of its rules a case that it flags, and one that it does not.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lintFiles } from '../../lib/lint/lint.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { cases } from './squawk-cases.ts';
import { differences } from './squawk-differences.ts';
import { statements } from './squawk-statements.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pgmage-squawk-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const program = join(import.meta.dirname, '../../node_modules/@squawk-cli/linux-x64/bin/squawk');

/** The rules of squawk that flag a text. */
function squawk(sql: string, transactional: boolean, version: string): string[] {
  const file = join(folder, 'case.sql');
  writeFileSync(file, sql);
  const words = ['--reporter', 'json', '--pg-version', version, '--include=require-table-schema'];
  const all = [...words, transactional ? '--assume-in-transaction' : '--no-assume-in-transaction', file];
  let output: string;
  try {
    output = execFileSync(program, all, { encoding: 'utf8', stdio: 'pipe' });
  } catch (thrown) {
    // It ends with 1 where it found something.
    output = (thrown as { stdout: string }).stdout;
  }
  return (JSON.parse(output) as { rule_name: string }[]).map(({ rule_name: name }) => name);
}

/** Our rules that flag a text. */
async function lint(text: string, transactional: boolean): Promise<string[]> {
  const found = await lintFiles([{ file: 'case.sql', text, is: 'migration', transactional }], {});
  return found.map(({ rule }) => rule);
}

test.each(cases)('$squawk: $bad', async (one) => {
  const { squawk: rule, ours, bad, good, transactional = false, version = '15' } = one;
  expect(squawk(bad, transactional, version)).toContain(rule);
  expect(squawk(good, transactional, version)).not.toContain(rule);
  expect(await lint(bad, transactional)).toContain(ours);
  expect(await lint(good, transactional)).not.toContain(ours);
});

// Comments of squawk's own, for which there are unknown_allow and unused_allow, and errors of syntax, which
// end db:lint with exit code 1.
const others = ['unused-ignore', 'syntax-error'];

const differing = differences.flatMap(({ statements, ...one }) => statements.map((sql) => ({ ...one, sql })));

test.each(differing)('not as $squawk: $sql', async ({ squawk: rule, ours, sql, ...one }) => {
  const { transactional = false, version = '15' } = one;
  expect(squawk(sql, transactional, version)).toContain(rule);
  expect(await lint(sql, transactional)).not.toContain(ours);
});

test.each(statements)('every rule of squawk that flags it has a rule here that does: %s', async (sql) => {
  const found = squawk(sql, false, '15');
  const ours = await lint(sql, false);
  const missing = found.filter((rule) => {
    const meant = cases.filter((one) => one.squawk === rule).map((one) => one.ours);
    const isKnown = differing.some(
      (one) => one.squawk === rule && [sql, `${sql} select 1;`].includes(one.sql),
    );
    return !isKnown && !meant.some((one) => ours.includes(one));
  });
  expect(missing).toEqual([]);
});

const statementsOf = (flagged: string, rule: string) =>
  differences
    .filter(({ flags, ours, version }) => ours === rule && version === undefined && flags.includes(flagged))
    .flatMap(({ statements }) => statements);

test.each(servers())('the server proves the differences: $major', (server) =>
  withDatabase(server, async ({ url }) => {
    await rowsOf(
      url,
      `create schema app; create table app.t (a int primary key, constraint positive check (a > 0));
        create index t_a on app.t (a); insert into app.t select generate_series(1, 100)`,
    );
    const node = async () => (await rowsOf(url, `select pg_relation_filenode('app.t') as node`))[0]?.node;
    const repeated = statementsOf('SET LOGGED', 'robust_statements');
    expect(repeated.length).toBeGreaterThan(10);
    // A primary key is NOT NULL.
    await rowsOf(url, 'alter table app.t drop constraint t_pkey');
    for (const sql of repeated) await rowsOf(url, `${sql} ${sql}`);
    const defaults = statementsOf('CURRENT_DATE', 'volatile_default');
    expect(defaults.length).toBeGreaterThan(4);
    for (const sql of defaults) {
      const before = await node();
      await rowsOf(url, `${sql} alter table app.t drop column v`);
      expect([sql, await node()]).toEqual([sql, before]);
    }
    const before = await node();
    await rowsOf(url, 'alter table app.t add column v uuid default gen_random_uuid()');
    expect(await node()).not.toEqual(before);
  }),
);

// The two settings have a rule each, of which this is the name together.
const parts = ['require-timeout-settings'];

test('every rule of this version of squawk has a case', () => {
  const first = 'require-concurrent-index-creation';
  const names = `strings -n 200 '${program}' | grep -o '${first}require.*require-statement-timeout'`;
  const text = execFileSync('/bin/sh', ['-c', names], { encoding: 'utf8' });
  const known = new Set([...cases.map((one) => one.squawk), ...others, ...parts]);
  let rest = text.trim().split('\n')[0] as string;
  for (const name of [...known].sort((a, b) => b.length - a.length)) rest = rest.replaceAll(name, ' ');
  expect(rest.trim()).toBe('');
});
