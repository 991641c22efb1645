// A run that is interrupted leaves nothing behind on a server that was lent to it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const program = join(import.meta.dirname, '../../bin/pgmage.cjs');
const server = anyServer();
// Somebody else's shadows may be on the server, too.
const mark = `interrupted_${process.pid}`;

const wait = `do $$ begin /* ${mark} */ perform pg_sleep(60); end $$;`;

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-interrupt-'));
  writeFileSync(join(root, 'package.json'), '{}');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function start(schema: string): {
  child: ChildProcess;
  ended: Promise<{ code: number | null; log: string }>;
} {
  writeFileSync(join(root, 'schema.sql'), schema);
  const words = ['db:diff', '--from', 'empty', '--to', 'schema.sql', '--shadow', server.url()];
  const child = spawn(process.execPath, [program, ...words], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, log }))) };
}

test('a password on the command line is not in the list of processes', async () => {
  const { child, ended } = start(wait);
  await running();
  const { stdout } = spawnSync('ps', ['-o', 'args=', '-p', `${child.pid}`], { encoding: 'utf8' });
  expect(stdout).toContain('--shadow postgres://postgres@127.0.0.1');
  expect(stdout).not.toContain(server.password);
  child.kill();
  await ended;
});

// The database in which the marked statement runs.
async function running(): Promise<string> {
  for (;;) {
    const sql = `select datname::text as name from pg_stat_activity
      where query like '%${mark}%' and datname like 'pgmage_shadow_%' and wait_event = 'PgSleep'`;
    const [found] = await rowsOf<{ name: string }>(server.url(), sql);
    if (found !== undefined) return found.name;
    await setTimeout(50);
  }
}

const again = 'Run the command again when you are ready.';
const committed = `create type e as enum ('a'); alter type e add value 'b'; create table t (a e default 'b');
  grant select on t to ${mark}; ${wait}`;

test.each([
  ['SIGINT', 130, wait],
  ['SIGTERM', 143, wait],
  ['SIGHUP', 129, wait],
  ['SIGTERM', 143, committed],
] as const)('%s: exit code %i, and the shadow on the server is gone', async (signal, code, schema) => {
  const { child, ended } = start(schema);
  const name = await running();
  child.kill(signal);
  expect(await ended).toEqual({
    code,
    log: `\nInterrupted. What was not committed was rolled back. ${again}\n`,
  });
  const left = `select datname::text as name from pg_database where datname = '${name}'
    union all select rolname from pg_roles where rolname = '${mark}'`;
  expect(await rowsOf(server.url(), left)).toEqual([]);
});

// npm passes on what the terminal has sent to its program, too: `npx pgmage`, `npm run`.
test('Ctrl-C that arrives twice is one', async () => {
  const { child, ended } = start(wait);
  const name = await running();
  child.kill('SIGINT');
  await setTimeout(5);
  child.kill('SIGINT');
  expect(await ended).toEqual({
    code: 130,
    log: `\nInterrupted. What was not committed was rolled back. ${again}\n`,
  });
  const left = `select datname::text as name from pg_database where datname = '${name}'`;
  expect(await rowsOf(server.url(), left)).toEqual([]);
});
