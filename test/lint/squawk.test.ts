// What squawk flags is flagged: for each of its rules a case that it flags, and one that it does not.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lintFiles } from '../../lib/lint/lint.ts';
import { cases } from './squawk-cases.ts';

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
