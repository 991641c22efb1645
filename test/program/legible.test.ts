// Names of a database cannot command the terminal that shows them, nor the runner that reads a log.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeLegible, makeLogLegible, makeTextLegible } from '../../lib/problem/legible.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { annotationsText } from '../../lib/report/annotations.ts';
import { makeInk } from '../../lib/report/ink.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { between } from './several-runs.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const hostile =
  'x\u001b[2J\u001b]0;pwn\u0007\r\u009b8m\u202e\u2066\u007f\n::error file=a::pwn\n ##[error]pwn';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

// What pgmage itself sends: colours, a redrawn line, and what the terminal's driver adds to a line end.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
const own = /\u001b\[(1|2|22|3[1-6]|39)m|\u001b\[2K|\r/g;

test('no control, direction mark or other line end is left in a text, and colours are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const ours = makeInk(true).red('red');
      const shown = makeTextLegible(ours + text);
      expect(shown.startsWith(ours)).toBe(true);
      expect(shown.replaceAll(own, '')).not.toMatch(unsafe);
      expect(makeLegible(text)).not.toMatch(unsafe);
      expect(makeLegible(text)).not.toContain('\n');
      expect(makeLogLegible(text, false)).not.toMatch(unsafe);
    }),
  );
});

test('no line of a log is a command', () => {
  expect(makeLogLegible('a\n::error::x\n  ::set-output name=a::b\n##[group]y', false)).toBe(
    'a\n: :error::x\n  : :set-output name=a::b\n## [group]y',
  );
  expect(makeLogLegible(makeInk(true).red('red'), false)).toBe('red');
});

test('a name stays in its line of a problem, and in its annotation', () => {
  const problem = new Problem('data_loss_refused', { losses: [hostile] });
  expect(problem.hint.split('\n').filter((line) => line.includes('pwn'))).toHaveLength(1);
  expect(JSON.parse(JSON.stringify(problem)).data.losses[0]).not.toMatch(unsafe);
  const text = annotationsText([{ title: hostile, message: hostile }]);
  expect(text.split('\n')).toHaveLength(1);
  expect(text).not.toMatch(unsafe);
});

let root: string;
let here: Database;
let there: Database;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-legible-'));
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'schema.sql'), 'create table t (a int);');
  // To make a shadow in the process takes longer than all the rest.
  writeFileSync(
    join(root, 'pgmage.config.ts'),
    `export default { shadow: ${JSON.stringify(anyServer().url())} };`,
  );
  [here, there] = await Promise.all([freshDatabase(anyServer()), freshDatabase(anyServer())]);
  const name = `"${hostile}"`;
  await rowsOf(here.url, `create table ${name} (${name.slice(0, 40)}" int); insert into ${name} values (1);`);
  await rowsOf(
    there.url,
    `create table ${name.replace('x', 'y')} (a int); insert into ${name.replace('x', 'y')} values (1);`,
  );
});

afterAll(async () => {
  await Promise.all([here?.drop(), there?.drop()]);
  rmSync(root, { recursive: true, force: true });
});

const loader = ['--import', import.meta.resolve('tsx')];
const program = [...loader, join(import.meta.dirname, '../../lib/bin.ts')];

// What each run shows, of both streams; on a terminal they are one.
function shownBy(runs: readonly (readonly string[])[], onTerminal: boolean): string[] {
  const own = { DATABASE_URL: here.url, NO_COLOR: '', TERM: 'xterm', GITHUB_ACTIONS: 'true' };
  const env = { ...process.env, ...own, RUNS: JSON.stringify(runs) };
  const all = [process.execPath, ...loader, join(import.meta.dirname, 'several-runs.ts')];
  const quoted = all.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const [file = '', ...rest] = onTerminal ? ['script', '-qec', quoted, '/dev/null'] : all;
  const { stdout, stderr } = spawnSync(file, rest, { cwd: root, env, encoding: 'utf8', input: 'n\n' });
  const [out = [], log = []] = [stdout, stderr].map((text) => text.replaceAll('\r\n', '\n').split(between));
  // On a terminal the mark is there once for each stream.
  return runs.map((_, at) => (onTerminal ? `${out[2 * at]}${out[2 * at + 1]}` : `${out[at]}${log[at]}`));
}

const tasks = (): [string, readonly string[]][] => [
  ['status', ['db:status']],
  ['diff', ['db:diff']],
  ['a refused sync', ['db:sync', '--yes']],
  ['a clone without consent', ['db:clone', '--from', here.url, '--to', there.url, '--yes']],
  ['annotations', ['db:status', '--format', 'github']],
];

test.each([false, true])('processes on a terminal: %s', (onTerminal) => {
  const all = shownBy(
    tasks().map(([, words]) => words),
    onTerminal,
  );
  for (const [at, [name]] of tasks().entries()) {
    const shown = all[at] ?? '';
    expect(shown, name).toContain('pwn');
    expect(shown.replaceAll(own, ''), name).not.toMatch(unsafe);
    if (name !== 'annotations') expect(shown, name).not.toMatch(/^\s*::|##\[/m);
    else
      expect(shown.match(/^[ \t]*::.*/gm)?.every((line) => line.startsWith('::error title=')) ?? true).toBe(
        true,
      );
  }
});

test('a standard output that is full is a failure', () => {
  for (const words of [['db:diff', '--from', 'empty', '--to', 'schema.sql', '--sql'], ['--help']]) {
    const quoted = [...program, ...words].map((word) => `'${word}'`).join(' ');
    const { status, stderr } = spawnSync('sh', ['-c', `'${process.execPath}' ${quoted} >/dev/full`], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    const state = words[0] === '--help' ? '' : 'db:diff finished. Only the report was not written.\n';
    expect(stderr).toMatch(/^Cannot write to standard output: ENOSPC.*$/m);
    expect(stderr.split(/ENOSPC.*\n/).at(-1)).toBe(state);
  }
});
