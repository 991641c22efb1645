// The shell of tasks: real commands, what they print, how they fail, and how they end.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Problem } from '../../lib/problem/problem.ts';
import { taskShell } from '../../lib/runner/shell.ts';
import { failure } from '../failure.ts';

const program = join(import.meta.dirname, '../../bin/pgmage.cjs');
// Where it is looked for, a password is written in two parts, so that no source of a task holds it.
const secret = 'hunter2';

let root: string;
let lines: string[];

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pgmage-shell-')));
  mkdirSync(join(root, 'tasks'));
  mkdirSync(join(root, 'below'));
  writeFileSync(join(root, 'package.json'), '{}');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  lines = [];
});

const shell = () => taskShell(root, (line) => lines.push(line));

function task(body: string): void {
  const text = `import type { TaskContext } from 'pgmage';
    export async function go({ $ }: TaskContext) { ${body} }`;
  writeFileSync(join(root, 'tasks/t.ts'), text);
}

function pgmage(words: readonly string[], variables: Record<string, string> = {}) {
  return spawnSync(process.execPath, [program, ...words], {
    cwd: join(root, 'below'),
    encoding: 'utf8',
    env: { ...process.env, ...variables },
  });
}

test('a task gets what a command prints, in the folder of the project, and nothing else is printed', () => {
  task('return (await $`pwd; echo noise >&2`).stdout.trim();');
  const { stdout, stderr, status } = pgmage(['t:go']);
  expect([stdout, status]).toEqual([`${root}\n`, 0]);
  expect(stderr).not.toContain('noise');
});

test('an argument stays one argument, whatever it is made of', async () => {
  const odd = ['a b', `'"$HOME\``, '', '*', '; exit 9', 'é\n\\'];
  const $ = shell();
  const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
  const { stdout } = await $`${process.execPath} -e ${script} ${odd} ${odd[1]}`;
  expect(JSON.parse(stdout)).toEqual([...odd, odd[1]]);
});

test('a command that fails is a problem with its exit code and its last lines, without passwords', async () => {
  const $ = shell();
  const problem = await failure(
    $`for i in $(seq 20); do echo line $i >&2; done; echo postgres://me:${secret}@host/db >&2; exit 3`,
  );
  expect([problem.code, problem.exitCode]).toEqual(['command_failed', 1]);
  expect(problem.message).toMatch(/^The command 'for i in .*' failed: exit code 3$/s);
  const { exitCode, detail } = problem.data as { exitCode: number; detail: string };
  expect([exitCode, detail.split('\n').length]).toEqual([3, 10]);
  expect(detail).toMatch(/^line 12\n.*line 20\npostgres:\/\/me@host\/db$/s);
  expect(JSON.stringify(problem) + problem.message + problem.stack + problem.cause).not.toContain(secret);
});

test('stderr is shown, else the end of what was printed', async () => {
  const $ = shell();
  expect((await failure($`echo said; false`)).data).toMatchObject({ exitCode: 1, detail: 'said' });
});

test('every way to wait for a command tells of its failure', async () => {
  const $ = shell();
  const ways: (() => Promise<unknown>)[] = [
    () => $`exit 4`.then(() => undefined),
    () => $`exit 4`.text(),
    () => $`exit 4`.quiet().timeout('1m').lines(),
    () => $({ cwd: 'below' })`exit 4`,
    () => $`exit 4`.pipe`cat`,
    () => $`echo before`.pipe`exit 4`.pipe`cat`,
    async () => $.sync`exit 4`,
    async () => {
      for await (const line of $`echo before; exit 4`) lines.push(line);
    },
  ];
  const failed = await Promise.all(ways.map((way) => failure(way())));
  expect(failed.map(({ data }) => (data as { exitCode: number }).exitCode)).toEqual(ways.map(() => 4));
  expect(lines).toEqual(['before']);
  expect(await $`exit 4`.exitCode).toBe(4);
  expect((await $`exit 4`.nothrow()).exitCode).toBe(4);
  expect((await $({ nothrow: true })`exit 4`).exitCode).toBe(4);
});

test('a pipe runs in the project, as quiet as its first command, and fails with what its source says', async () => {
  const $ = shell();
  const { stdout } = await $`echo in; echo noise >&2`.pipe`cat; pwd; echo noise >&2`;
  expect([stdout, lines]).toEqual([`in\n${root}\n`, []]);
  const problem = await failure($`echo why >&2; exit 5`.pipe`cat`);
  expect(problem.message).toBe(`The command 'echo why >&2; exit 5' failed: exit code 5`);
  expect(problem.data).toMatchObject({ detail: 'why' });
  await $`echo kept`.pipe(join(root, 'kept'));
  await expect.poll(() => readFileSync(join(root, 'kept'), 'utf8')).toBe('kept\n');
});

test('a missing command is exit code 127, and the hint says to install it', async () => {
  const problem = await failure(shell()`no-such-command --now`);
  expect(problem.data).toMatchObject({ command: 'no-such-command --now', exitCode: 127 });
  expect(problem.hint).toBe('Install the missing program, or put it on the PATH.');
});

test('what is verbose is shown by the line, without passwords, even where they come in two pieces', async () => {
  const $ = shell();
  await $({ verbose: true })`printf postgres://me:hun; sleep 0.2; printf 'ter2@host/db\nend'; echo é >&2`;
  expect(lines[0]).toMatch(/^\$ printf postgres/);
  expect(lines.slice(1).sort()).toEqual(['end', 'postgres://me@host/db', 'é']);
  lines = [];
  $.verbose = true;
  await $`echo ${`password=${secret}`}`;
  await $({ quiet: true })`echo hidden`;
  expect(lines).toEqual(['$ echo password=***', 'password=***']);
});

test('on the command line, too: exit code 1, the problem on stderr, and as JSON', () => {
  task(`await $\`echo "postgres://me:hun""ter2@host/db is down" >&2; exit 3\`;`);
  const { stdout, stderr, status } = pgmage(['t:go']);
  expect([stdout, status]).toEqual(['', 1]);
  expect(stderr).toContain('failed: exit code 3\nDetail: postgres://me@host/db is down\nHint: Correct');
  const json = JSON.parse(pgmage(['t:go', '--json']).stdout) as { problem: Problem };
  expect(json.problem).toMatchObject({ code: 'command_failed', data: { exitCode: 3 } });
});

test('commands inherit no variable that says where PostgreSQL is', () => {
  task('return (await $`env`).stdout;');
  const variables = { PGHOST: 'elsewhere', PGPASSWORD: secret, DATABASE_URL: 'postgres://h/d' };
  const inherited = pgmage(['t:go'], variables).stdout.split('\n');
  expect(inherited).toContain('DATABASE_URL=postgres://h/d');
  expect(inherited.filter((line) => /^PG(?!MAGE_)/.test(line))).toEqual([]);
});

test('where there is no bash, sh runs the commands', () => {
  const bare = join(root, 'bare');
  mkdirSync(bare);
  for (const [name, path] of [
    ['sh', '/bin/sh'],
    ['node', process.execPath],
    ['printf', '/usr/bin/printf'],
  ] as const)
    symlinkSync(path, join(bare, name));
  task(`return (await $\`printf %s \${"it's $HOME"}; printf '|%s' "$0"\`).stdout;`);
  expect(pgmage(['t:go'], { PATH: bare })).toMatchObject({ stdout: "it's $HOME|sh\n", status: 0 });
});

// One that has ended may stay in the table of processes as a zombie (proc(5): stat, state Z).
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function startsChildren(): Promise<{ child: ReturnType<typeof spawn>; pids: number[] }> {
  const file = join(root, 'pids');
  rmSync(file, { force: true });
  // The shell, and what it has started.
  task('await $`sleep 60 & echo $$ $! > pids; wait`;');
  const child = spawn(process.execPath, [program, 't:go'], { cwd: root, stdio: 'ignore' });
  while (!existsSync(file) || !/ \d+\n/.test(readFileSync(file, 'utf8'))) await setTimeout(20);
  return { child, pids: readFileSync(file, 'utf8').trim().split(' ').map(Number) };
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends the command and what it has started', async (signal, exitCode) => {
  const { child, pids } = await startsChildren();
  expect(pids.map(isAlive)).toEqual([true, true]);
  child.kill(signal);
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(exitCode);
  await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
});

test('what a task leaves running ends with it', async () => {
  task('void $`echo $$ > left; exec sleep 60`; await $`while [ ! -s left ]; do sleep 0.05; done`;');
  expect(pgmage(['t:go']).status).toBe(0);
  const pid = Number(readFileSync(join(root, 'left'), 'utf8'));
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isAlive(pid)).toBe(false);
});
