// `npm run behaviour -- --before HEAD`: compares what tasks answer with --json before and after a change.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whichServer } from '../servers/binaries.ts';
import { query, type Server, startServer } from '../servers/server.ts';

const { values } = parseArgs({
  options: { before: { type: 'string', default: 'HEAD' }, major: { type: 'string', default: '18' } },
});

interface Answer {
  readonly words: string;
  readonly code: number;
  readonly text: string;
}

/** The steps of a developer's day. A function changes the project between two tasks. */
const steps: readonly (string | ((project: string) => void))[] = [
  'db:status',
  'db:diff',
  'db:diff --from empty --to schema.sql',
  'db:generate --name start',
  'db:sync --yes',
  'db:status',
  'db:history',
  (project) =>
    appendFileSync(join(project, 'schema.sql'), 'CREATE TABLE notes (id int PRIMARY KEY, words text);\n'),
  'db:status',
  'db:diff',
  'db:sync --yes',
  'db:verify',
  'db:rollback --yes --force',
  'db:verify --check',
  'db:sync --yes',
  (project) => {
    const file = join(project, 'schema.sql');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/CREATE TABLE notes.*\n/, ''));
  },
  'db:sync --yes',
  'db:sync --yes --force',
  'db:status',
  'db:pull --out pulled.sql',
  (project) => mkdirSync(join(project, 'backups')),
  'db:backup --engine native --dir backups',
  'db:backups --dir backups',
  'db:backups verify --dir backups',
  'db:clone --from local --to other --yes --force',
  'db:diff --from local --to other',
  (project) => keepOneBackup(project),
  'db:restore backup --to other --dir backups --yes --force',
  'db:status --env nowhere',
  'db:status --wrong',
];

/** What may differ: times, durations, random names, what is hashed of these, and the words of problems. */
const varying: readonly (readonly [what: RegExp, shown: string])[] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d[:-]\d\d[:-]\d\d(\.\d+)?Z?/g, '<time>'],
  [/\d{8}[_-]?\d{6}(\d{3})?Z?/g, '<stamp>'],
  [/"(ms|milliseconds|duration\w*|seconds|took|age\w*|bytes|size)": ?[\d.]+/gi, '"$1": 0'],
  [/"(message|hint)": ".*"/g, '"$1": "<words>"'],
  [/\b[0-9a-f]{40,64}\b/g, '<hash>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
];

/** Runs all steps with the sources of a folder, on databases of their own. */
async function run(sources: string, server: Server, project: string): Promise<Answer[]> {
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  cpSync(join(import.meta.dirname, '../../schema/schema.sql'), join(project, 'schema.sql'));
  for (const name of ['behaviour', 'behaviour_other']) {
    await query(server.url(), `drop database if exists ${name} with (force)`);
    await query(server.url(), `create database ${name}`);
  }
  const env = {
    PATH: process.env.PATH,
    HOME: project,
    NO_COLOR: '1',
    DATABASE_URL: server.url('behaviour'),
    OTHER_URL: server.url('behaviour_other'),
  };
  const config =
    "export default { environments: { local: { variable: 'DATABASE_URL' }, other: { variable: 'OTHER_URL' } } };\n";
  writeFileSync(join(project, 'pgmage.config.ts'), config);
  return steps.flatMap((step) => {
    if (typeof step === 'string') return [answer(sources, project, env, step)];
    step(project);
    return [];
  });
}

function answer(sources: string, project: string, env: NodeJS.ProcessEnv, words: string): Answer {
  const program = [join(sources, 'node_modules/tsx/dist/cli.mjs'), join(sources, 'lib/bin.ts')];
  try {
    const text = execFileSync(process.execPath, [...program, ...words.split(' '), '--json'], {
      cwd: project,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { words, code: 0, text };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { words, code: status, text: stdout === '' ? stderr : stdout };
  }
}

/** Gives the backup a name that both runs know. */
function keepOneBackup(project: string): void {
  const folder = join(project, 'backups');
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    renameSync(join(folder, name), join(folder, name.replace(/^[^.]*/, 'backup')));
  }
}

function settle(text: string): string {
  return varying.reduce((so, [what, shown]) => so.replace(what, shown), text);
}

const work = mkdtempSync(join(tmpdir(), 'pgmage-behaviour-'));
const repository = join(import.meta.dirname, '../..');
const old = join(work, 'before');
execFileSync('git', ['worktree', 'add', '--quiet', '--detach', old, values.before], { cwd: repository });
let differing = 0;
const server = await startServer(whichServer(values.major));
try {
  symlinkSync(join(repository, 'node_modules'), join(old, 'node_modules'));
  const before = await run(old, server, join(work, 'project'));
  const now = await run(repository, server, join(work, 'project'));
  for (const [at, { words, code, text }] of now.entries()) {
    const then = before[at] as Answer;
    if (code === then.code && settle(text) === settle(then.text)) {
      const failed = code === 0 ? '' : /"code": ?"(\w+)"/.exec(text)?.[1];
      process.stdout.write(`same     ${code}  ${words}  ${failed}\n`);
      continue;
    }
    differing += 1;
    process.stdout.write(`differs  ${words}: exit code ${then.code}, now ${code}\n`);
    for (const [name, said] of [
      ['before', then.text],
      ['now', text],
    ] as const) {
      writeFileSync(join(work, name.concat('.json')), settle(said));
    }
    try {
      execFileSync('diff', ['-U1', 'before.json', 'now.json'], { cwd: work, encoding: 'utf8' });
    } catch (error) {
      process.stdout.write(`${(error as { stdout: string }).stdout.split('\n').slice(2, 22).join('\n')}\n`);
    }
  }
} finally {
  await server.stop();
  execFileSync('git', ['worktree', 'remove', '--force', old], { cwd: repository });
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(
  `${differing} of ${steps.filter((step) => typeof step === 'string').length} answers differ\n`,
);
process.exitCode = differing === 0 ? 0 : 2;
