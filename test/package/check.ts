// Shows that the package installs and runs: packed, in an empty project, on every supported Node and npm; and
// that a clone does with `npm ci`. Slow, and it needs the registry: `npm run package-check`, apart from `npm
// test`.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { query, startServer } from '../servers/server.ts';

const nodes = ['20', '22', '24'];
const npms = ['10', '11'];

const repository = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'pgmage-package-'));
let passed = 0;
let failed = 0;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function run(cwd: string, file: string, ...words: string[]): string {
  return execFileSync(file, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function check(name: string, work: () => void): void {
  try {
    work();
    passed += 1;
    say(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    say(`FAILED  ${name}\n${message}\n${stdout}${stderr}`);
  }
}

function expect(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${pattern} is not in:\n${text}`);
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

// What docs/internals/dependencies.md says. The service shares other chunks with the rest of pgmage.
function weightOf({ size, unpackedSize, files }: Packed, project: string): string {
  const served = files.filter(({ path }) => /^dist\/((serve|job|store-worker)\.js$|web\/)/.test(path));
  const service = served.reduce((sum, one) => sum + one.size, 0);
  const installed = Number(run(project, 'du', '-sk', 'node_modules').split('\t')[0]) * 1024;
  const [packed, unpacked, ofService, all] = [size, unpackedSize, service, installed].map(
    (bytes) => `${(bytes / 1e6).toFixed(1)} MB`,
  );
  return `weight: packed ${packed}, unpacked ${unpacked}, of which the service ${ofService}; with dependencies ${all}`;
}

// Every Node and npm comes as a package of its own, so that nothing has to be installed on the machine.
function tool(name: string, version: string): string {
  const folder = join(work, `${name}-${version}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  // Node's package puts its program in place with an install script; the program itself is in one of its own.
  const spec =
    name === 'node'
      ? `node-bin@npm:node-${process.platform}-${process.arch}@${version}`
      : `${name}@${version}`;
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', spec);
  return join(folder, 'node_modules', name === 'node' ? 'node-bin' : name, 'bin');
}

const program = `import { defineConfig, plan, Problem } from 'pgmage';
const { up } = await plan({ from: 'empty', to: 'schema.sql' });
const bad = await plan({ from: 'empty', to: 'missing.sql' }).catch((thrown) => thrown);
console.log(up.length, typeof defineConfig, bad instanceof Problem, bad.code);
process.exit(0);`;

// All that moves data, on a server: nothing but the package, and no client tools.
const moving = `import { backup, backups, clone, Problem, pruneBackups, restore, verifyBackups } from 'pgmage';
const variables = { ...process.env, DATABASE_URL: process.env.FIRST };
const way = { from: process.env.FIRST, to: process.env.SECOND };
const refused = await clone({ ...way, variables }).catch((thrown) => thrown);
const cloned = await clone({ ...way, variables, ask: async () => true });
const made = await backup({ variables, format: 'native' });
const [listed] = (await backups({ variables })).backups;
const [verified] = (await verifyBackups({ variables, file: made.file, drill: true })).backups;
const restored = await restore({ file: made.file, to: 'local', yes: true, force: true, variables });
const { kept } = await pruneBackups({ variables, yes: true });
const script = { variables, engine: 'native', format: 'plain' };
const packed = await backup({ ...script, compress: 'zstd' }).catch((thrown) => thrown);
const read = packed.file && await restore({ file: packed.file, to: 'local', yes: true, force: true, variables });
console.log('zstd:', packed.code ?? packed.file.replace(/.*\\.sql/, '.sql'), read ? read.proof.rows : packed.message);
console.log(refused instanceof Problem, refused.code, cloned.done.tables.length, listed.file === made.file, verified.verified.how,
  restored.proof.rows, kept.length);
process.exit(0);`;

const task = `import type { TaskContext } from 'pgmage';
/** Says hello. */
export function hello(context: TaskContext, name: string) { return 'Hello, ' + name; }`;

// The first Node.js of each line that has zstd: 22.15 and 23.8 (manual of zlib).
function moveIn(project: string, node: string, urls: { FIRST: string; SECOND: string }): void {
  writeFileSync(join(project, 'moving.mjs'), moving);
  const told = execFileSync(node, ['moving.mjs'], {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...urls },
  });
  expect(told, /^true confirmation_needed 1 true drill 3 1$/m);
  const hasZstd = run(project, node, '-p', "typeof require('node:zlib').createZstdCompress") === 'function\n';
  expect(told, hasZstd ? /^zstd: \.sql\.zst 3$/m : /^zstd: bad_option .*version 22\.15 or later/m);
  rmSync(join(project, 'backups'), { recursive: true });
}

function useIn(project: string, node: string): void {
  writeFileSync(join(project, 'schema.sql'), 'CREATE TABLE a (id int PRIMARY KEY);\n');
  writeFileSync(join(project, 'program.mjs'), program);
  mkdirSync(join(project, 'tasks'), { recursive: true });
  writeFileSync(join(project, 'tasks/my.ts'), task);
  writeFileSync(
    join(project, 'pgmage.config.ts'),
    `import { defineConfig } from 'pgmage';\nexport default defineConfig({ schema: 'schema.sql' });\n`,
  );
  const pgmage = (...words: string[]) => run(project, node, 'node_modules/pgmage/bin/pgmage.cjs', ...words);
  expect(pgmage('--list'), /db:status[\s\S]*my:hello +Says hello/);
  expect(pgmage('my:hello', 'Ada'), /^Hello, Ada$/m);
  expect(pgmage('db:status'), /Status: OUT OF SYNC\nPending Changes: 1\nMissing in local:\n {2}- TABLE a\n/);
  expect(pgmage('db:diff', '--sql'), /CREATE TABLE public\.a/);
  expect(run(project, node, 'program.mjs'), /^1 function true missing_file$/m);
}

const server = await startServer(18);
await query(server.url(), 'create database first');
await query(server.url('first'), 'create table t (id int); insert into t values (1), (2), (3)');

try {
  const [packed] = JSON.parse(
    run(repository, 'npm', 'pack', '--json', '--pack-destination', work),
  ) as Packed[];
  const tarball = join(work, packed?.filename as string);
  const versions = nodes.map((version) => [version, join(tool('node', version), 'node')] as const);

  // Without install scripts: npm 11 asks before it runs them, and nobody may have said yes.
  const project = join(work, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  check('npm install of the package, no install script run', () => {
    run(project, 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', tarball);
  });
  if (packed) say(weightOf(packed, project));
  for (const [version, node] of versions) {
    check(`the package on Node ${version}`, () => useIn(project, node));
    await query(server.url(), 'drop database if exists second; ').then(() =>
      query(server.url(), 'create database second'),
    );
    const urls = { FIRST: server.url('first'), SECOND: server.url('second') };
    check(`data on Node ${version}`, () => moveIn(project, node, urls));
    rmSync(join(project, '.pgmage'), { recursive: true, force: true });
  }
  check('the types of the package', () => {
    const typed = `import { clone, type CloneOptions, defineConfig, plan, restore, type Step, type TaskContext } from 'pgmage';
export const config = defineConfig({ environments: { prod: { dotenv: '.env.production' } } });
export const steps: Promise<readonly Step[]> = plan({ from: 'empty', to: 'migrations' }).then(({ up }) => up);
export const rows: Promise<number | undefined> = restore({ file: 'a.dump', to: 'dev', yes: true }).then(({ proof }) => proof?.rows);
export const cloned = (options: CloneOptions) => clone({ ...options, ask: async (plan) => plan.bytes < 1000 });
export const env = (context: TaskContext) => context.environment('prod');
// @ts-expect-error there is no such option
plan({ form: 'empty' });`;
    writeFileSync(join(project, 'typed.ts'), typed);
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', ''];
    run(
      project,
      process.execPath,
      join(repository, 'node_modules/typescript/bin/tsc'),
      ...options,
      'typed.ts',
    );
  });

  for (const version of npms) {
    const npm = join(tool('npm', version), 'npm-cli.js');
    const clone = join(work, `clone-${version}`);
    mkdirSync(clone);
    const kept = readdirSync(repository).filter(
      (name) => !/^(node_modules|dist.*|\.git|\.pgmage)$/.test(name),
    );
    for (const name of kept) cpSync(join(repository, name), join(clone, name), { recursive: true });
    check(`npm ci and npm run db:status in a clone with npm ${version}`, () => {
      run(clone, process.execPath, npm, 'ci', '--no-audit', '--no-fund');
      expect(run(clone, process.execPath, npm, 'run', 'db:status'), /Status: OUT OF SYNC/);
    });
    rmSync(clone, { recursive: true, force: true });
  }
} finally {
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
