// What is published: its door, its files, and how little of it a start loads.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parse } from '@babel/parser';
import { beforeAll, expect, test } from 'vitest';
import { readTasks } from '../../lib/runner/signature.ts';

const repository = join(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const read = (path: string) => readFileSync(join(repository, path), 'utf8');

beforeAll(() => {
  if (!existsSync(join(repository, 'dist')))
    execFileSync(process.execPath, ['build.js'], { cwd: repository, stdio: 'inherit' });
}, 120_000);

test('the public door has these exports, and no others', async () => {
  const door = await import('../../lib/index.ts');
  expect(Object.keys(door).sort()).toEqual([
    'Problem',
    'backup',
    'backups',
    'clone',
    'dataAnalyze',
    'dataDiff',
    'dataHistory',
    'dataSync',
    'dataUndo',
    'dataVerify',
    'defineConfig',
    'differenceText',
    'docs',
    'generate',
    'lint',
    'plan',
    'planMarkdown',
    'planSync',
    'pruneBackups',
    'pull',
    'restore',
    'restoreScript',
    'rollback',
    'script',
    'status',
    'statusText',
    'sync',
    'syncPlan',
    'tenantsHistory',
    'tenantsRollback',
    'tenantsStatus',
    'tenantsSync',
    'tenantsVerify',
    'types',
    'verify',
    'verifyBackups',
  ]);
});

test('everything that package.json names is there', () => {
  const { types, default: door } = manifest.exports['.'];
  for (const path of [
    types,
    door,
    manifest.bin.pgmage,
    ...manifest.files.filter((path: string) => !path.startsWith('!')),
  ])
    expect([path, existsSync(join(repository, path))]).toEqual([path, true]);
});

test('every task of tasks/db.ts has a script', async () => {
  const tasks = await readTasks('tasks/db.ts', read('tasks/db.ts'));
  for (const { name, summary, options } of tasks) {
    expect(manifest.scripts[name]).toBe(`node bin/pgmage.cjs ${name}`);
    expect(summary).not.toBe('');
    expect(options.filter(({ help }) => help === '')).toEqual([]);
  }
});

test('every bundled package has its licence', () => {
  for (const name of [
    'pg',
    'pg-protocol',
    'bullmq',
    'chalk',
    'dotenv',
    'fastify',
    'ioredis',
    'pg-boss',
    'pino',
    'preact',
    'typebox',
  ])
    expect(read('dist/LICENSES.txt')).toMatch(new RegExp(`^${name} \\d+\\.`, 'm'));
});

test('only the tasks of the service load it', () => {
  for (const path of ['dist/bin.cjs', 'dist/index.js']) expect(read(path)).not.toContain('FST_ERR_');
  expect(read('dist/bin.cjs')).toContain('__import("../dist/serve.js")');
  for (const path of ['dist/serve.js', 'dist/serve-worker.js', 'dist/job.js', 'dist/key-task.js'])
    expect([path, existsSync(join(repository, path))]).toEqual([path, true]);
});

test('only the URL of a Redis loads its client', () => {
  for (const entry of ['bin.cjs', 'index.js', 'serve.js', 'serve-worker.js', 'job.js']) {
    const loaded = entry.endsWith('.cjs') ? { files: [`dist/${entry}`] } : listLoaded(`dist/${entry}`);
    const holders = [...loaded.files].filter((path) => /BullMQ/.test(read(path)));
    expect([entry, holders]).toEqual([entry, []]);
  }
  const holders = readdirSync(join(repository, 'dist')).filter(
    (file) => file.endsWith('.js') && read(`dist/${file}`).includes('BullMQ'),
  );
  expect(holders.length).toBeGreaterThan(0);
});

// npm installs dependencies without their scripts, and warns of them. `npm ci` of a clone runs prepublish.
test('an install of the package runs no script of it; a clone and npm pack build it', () => {
  const { scripts } = manifest;
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(scripts[name]).toBe(undefined);
  expect([scripts.prepublish, scripts.prepack]).toEqual([scripts.build, scripts.build]);
});

// The files and packages that a module loads at once.
function listLoaded(entry: string): { readonly files: Set<string>; readonly packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const load = (path: string) => {
    if (files.has(path)) return;
    files.add(path);
    for (const node of parse(read(path), { sourceType: 'module' }).program.body) {
      if (!('source' in node) || !node.source) continue;
      const from = node.source.value;
      if (from.startsWith('.')) load(join(dirname(path), from));
      else if (!from.startsWith('node:')) packages.add(from);
    }
  };
  load(entry);
  return { files, packages };
}

test('a start loads next to nothing before it knows what is asked', () => {
  const { files: loaded, packages } = listLoaded('dist/index.js');
  expect([...packages]).toEqual([]);
  const bytes = [...loaded].reduce((sum, path) => sum + read(path).length, 0);
  // Most of it are the messages of all problems.
  expect(bytes).toBeLessThan(67_000);
  expect(readdirSync(join(repository, 'dist')).length).toBeGreaterThan(loaded.size * 2);
  // The program is one file, which is not even compiled anew; without a database nothing of what a driver
  // needs is loaded.
  const script = `process.argv.push('pgmage', '--version'); require('./bin/pgmage.cjs');
    process.on('exit', () => console.log(JSON.stringify([Object.keys(require.cache), process.moduleLoadList])));`;
  const env = { ...process.env, NODE_OPTIONS: '' };
  const output = execFileSync(process.execPath, ['-e', script], { cwd: repository, env, encoding: 'utf8' });
  const [files, builtins] = JSON.parse(output.trim().split('\n').at(-1) as string) as [string[], string[]];
  expect(files.map((file) => relative(repository, file))).toEqual(['bin/pgmage.cjs', 'bin/cached.cjs']);
  for (const name of ['tls', 'http']) expect(builtins).not.toContain(`NativeModule ${name}`);
});

test('a CommonJS program gets the exports at run time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-commonjs-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(repository, join(folder, 'node_modules/pgmage'));
  const script = `const { defineConfig, Problem, status, ...others } = require('pgmage');
    const config = defineConfig({ schema: 'db' });
    status({ env: 'nowhere' }).catch((thrown) => console.log(JSON.stringify(
      [config, thrown instanceof Problem, thrown.code, Object.keys(others).includes('dataSync')])));`;
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  writeFileSync(join(folder, 'program.js'), script);
  const env = { ...process.env, NODE_OPTIONS: '' };
  const run = spawnSync(process.execPath, ['program.js'], { cwd: folder, env, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect([run.status, run.stdout]).toEqual([
    0,
    `${JSON.stringify([{ schema: 'db' }, true, 'unknown_environment', true])}\n`,
  ]);
});

test('TypeScript accepts the types from CommonJS and from ES modules, also without skipLibCheck', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-types-'));
  // As installed: what pgmage bundles is not there.
  const installed = join(folder, 'node_modules/pgmage');
  cpSync(join(repository, 'dist/types'), join(installed, 'dist/types'), { recursive: true });
  cpSync(join(repository, 'package.json'), join(installed, 'package.json'));
  mkdirSync(join(folder, 'node_modules/@types'));
  for (const name of ['@types/node', 'undici-types'])
    symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
  const text = `import { status, sync, type StatusReport, type TaskContext } from 'pgmage';
export const one: Promise<StatusReport> = status();
export const other: Promise<readonly string[] | null> = sync({ yes: true }).then(({ applied }) => applied);
export const files = (context: TaskContext) => context.$\`ls\`.then(({ stdout }) => stdout.trim());
// @ts-expect-error there is no such option
void sync({ yess: true });
`;
  const compiler = join(repository, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--module', 'node16', '--target', 'es2022', '--types', 'node'];
  for (const [type, file] of [
    ['commonjs', 'one.ts'],
    ['module', 'other.ts'],
  ] as const) {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
    writeFileSync(join(folder, file), text);
    const { status, stdout } = spawnSync(process.execPath, [compiler, ...options, file], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([type, status, stdout]).toEqual([type, 0, '']);
  }
  rmSync(folder, { recursive: true });
}, 120_000);
