// The steps of action.yml, run as a runner runs them, against a server on loopback that answers like GitHub.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withTemplate } from '../project/cache.ts';
import { freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type Comment, type GitHub, startGitHub } from './github.ts';
import { action, repository, runAction } from './steps.ts';

let root: string;
let hub: GitHub;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-action-'));
  hub = await startGitHub();
  await makeProject();
});
afterEach(() => {
  hub.close();
  rmSync(root, { recursive: true, force: true });
});

const git = (...words: string[]) =>
  execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
    encoding: 'utf8',
  });

/** A repository whose branch adds a migration to that of main. @param at the folder of the project in it */
async function makeProject(at = ''): Promise<void> {
  const folder = join(root, at);
  for (const path of ['migrations', join(root, 'temp')])
    mkdirSync(resolve(folder, path), { recursive: true });
  await withTemplate(join(folder, '.pgmage', 'cache'));
  writeFileSync(join(root, '.gitignore'), '.pgmage\ntemp\n');
  writeFileSync(join(folder, 'package.json'), '{"name":"shop"}\n');
  const up = (name: string, sql: string) =>
    writeFileSync(
      join(folder, 'migrations', `${name}.sql`),
      `-- Up Migration\n\n${sql}\n\n-- Down Migration\n\nselect 1;\n`,
    );
  up('1_base', 'create table users (id bigint primary key, gone text, note text);');
  // db:lint denies it, but it was merged.
  up('1_gone', 'alter table users drop column gone;');
  writeFileSync(join(folder, 'schema.sql'), 'create table users (id bigint primary key);\n');
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'base');
  const base = git('rev-parse', 'HEAD').trim();
  up('2_note', 'alter table users drop column note;');
  git('add', '.');
  git('commit', '-q', '-m', 'drop the note');
  writeFileSync(
    join(root, 'temp', 'event.json'),
    JSON.stringify({ pull_request: pullRequest(base, 'shop/app') }),
  );
}

/** A pull request as the event of a workflow has it. @param from the repository of its branch */
const pullRequest = (base: string, from: string | null) => ({
  number: 7,
  base: { sha: base, repo: { full_name: 'shop/app' } },
  head: { repo: from === null ? null : { full_name: from } },
});

/** Runs the action with inputs and with variables of the workflow. */
const run = (inputs: Record<string, string> = {}, more: Record<string, string> = {}) =>
  runAction(inputs, {
    root,
    temp: join(root, 'temp'),
    env: {
      GITHUB_API_URL: hub.url,
      GITHUB_EVENT_PATH: join(root, 'temp', 'event.json'),
      GITHUB_REPOSITORY: 'shop/app',
      ...more,
    },
  });

test('the action is composite, and no step puts an input into its script', () => {
  expect(action.runs.using).toBe('composite');
  for (const { run: script, shell } of action.runs.steps) {
    expect(shell).toBe('bash');
    expect(script).not.toContain('${{');
  }
});

test('a comment is created, and updated in place, also on a later page; findings are annotations', async () => {
  const other = (id: number): Comment => ({ id, body: `comment ${id}`, user: { type: 'User' } });
  // A person who writes the marker does not get the plan into their comment.
  hub.comments.push({ ...other(1), body: '<!-- pgmage:plan files -->\nmine' });
  // Nor does a robot that quotes it.
  hub.comments.push({ id: 2, body: 'Old:\n<!-- pgmage:plan files -->', user: { type: 'Bot' } });
  const first = await run();
  expect(first.output).toContain('::error title=drop_column,file=migrations/2_note.sql,line=3,col=');
  expect(first.output).not.toContain('1_gone');
  expect(first.codes).toEqual([2, 0]);
  expect(hub.comments).toHaveLength(3);
  const own = hub.comments[2] as Comment;
  expect(own.body).toMatch(/^<!-- pgmage:plan files -->\n### pgmage: plan for migrations\n/);
  for (const part of ['DROP COLUMN note', '2&#95;note.sql', 'deletes data']) expect(own.body).toContain(part);
  // The migration of main is not in it.
  expect(own.body).not.toContain('create table users');
  expect(first.summary).toContain(own.body.trim());

  hub.comments.unshift(...Array.from({ length: 150 }, (_, at) => other(2000 + at)));
  writeFileSync(join(root, 'schema.sql'), 'create table users (id bigint primary key, added text);\n');
  hub.requests = [];
  await run({ lint: 'false' });
  expect(hub.requests).toEqual([
    'GET /user',
    'GET /repos/shop/app/issues/7/comments?per_page=100&page=1',
    'GET /repos/shop/app/issues/7/comments?per_page=100&page=2',
    `PATCH /repos/shop/app/issues/comments/${own.id}`,
  ]);
  expect(hub.comments).toHaveLength(153);
  expect(own.body).toContain('added');
  expect(hub.comments[150]?.body).toContain('mine');
  expect(hub.comments[151]?.body).toContain('Old:');
});

test('a project in a folder of the repository: annotations name files from the root', async () => {
  rmSync(root, { recursive: true });
  await makeProject('packages/db');
  const { output, codes } = await run({ 'working-directory': 'packages/db' });
  expect(output).toContain('::error title=drop_column,file=packages/db/migrations/2_note.sql,line=3,col=');
  expect(codes).toEqual([2, 0]);
  expect(hub.comments.at(-1)?.body).toContain('DROP COLUMN note');
  expect(hub.comments.at(-1)?.body).not.toContain('create table users');
  writeFileSync(join(root, 'packages/db/schema.sql'), 'create tble users;\n');
  const broken = await run({ 'working-directory': 'packages/db' });
  expect(broken.output).toContain(',file=packages/db/schema.sql,line=1,col=8::');
});

test('with an environment findings count by the sizes of its tables', async () => {
  const database = await freshDatabase(anyServer());
  const variables = { PROD_URL: database.url };
  const pgmage = (...words: string[]) =>
    execFileSync(process.execPath, [join(repository, 'bin/pgmage.cjs'), ...words], {
      cwd: root,
      env: { PATH: process.env.PATH, ...variables },
      stdio: 'ignore',
    });
  rmSync(join(root, 'migrations'), { recursive: true });
  writeFileSync(
    join(root, 'pgmage.config.ts'),
    `export default {
      environments: { prod: { variable: 'PROD_URL' } },
      policy: { deletes_data: { over: '1MB', level: 'deny' } },
    };\n`,
  );
  writeFileSync(
    join(root, 'schema.sql'),
    'create table users (id bigint primary key, note text, few text);\n',
  );
  pgmage('db:sync', '--env', 'prod', '--yes');
  await rowsOf(database.url, `insert into users select n, repeat('x', 100) from generate_series(1, 20000) n`);
  git('add', '.');
  git('commit', '-q', '-m', 'sealed');
  const base = git('rev-parse', 'HEAD').trim();
  writeFileSync(join(root, 'schema.sql'), 'create table users (id bigint primary key, few text);\n');
  pgmage('db:generate');
  event({ pull_request: pullRequest(base, 'shop/app') });
  const { output } = await run({ environment: 'prod' }, variables);
  await database.drop();
  expect(output).toMatch(
    /^::error title=drop_column,file=migrations\/.*users\.note: .* \([\w.]*users: \d MB\)/m,
  );
});

test('the comment of a person is found by their token, and no comment of others', async () => {
  hub.person = 'ada';
  const marked = (login: string, type = 'User') => ({
    id: 1,
    body: `<!-- pgmage:plan files -->\n${login}`,
    user: { type, login },
  });
  hub.comments.push(marked('eve'), marked('robot', 'Bot'));
  for (const _ of [1, 2]) expect((await run({ lint: 'false' })).codes).toEqual([0, 0]);
  expect(hub.comments.map(({ user }) => user.login)).toEqual(['eve', 'robot', 'ada']);
});

const event = (content: unknown) => writeFileSync(join(root, 'temp', 'event.json'), JSON.stringify(content));

test('without the commit of the target branch there is no plan, and the job fails', async () => {
  event({ pull_request: pullRequest('a'.repeat(40), 'shop/app') });
  const { output, codes, summary } = await run({ lint: 'false' });
  expect(codes).toEqual([1, 0]);
  expect(output).toContain('::error title=pgmage::The commit of the target branch could not be fetched');
  expect(hub.comments.map(({ body }) => body)).toEqual([expect.stringContaining('### pgmage: no plan')]);
  expect(summary + output).not.toContain('to apply');
  expect(summary).toContain('could not be fetched');
  event({});
  const other = await run({ lint: 'false' });
  expect(other.codes).toEqual([1, 0]);
  expect(other.output).toContain('::error title=pgmage::The event has no target branch');
  event({ merge_group: { base_sha: git('rev-parse', 'HEAD~1').trim() } });
  const kept = await run({ lint: 'false', out: 'plan.json' });
  expect(kept.codes).toEqual([1, 0]);
  expect(kept.output).toContain('::error title=pgmage::The input "out" needs an environment');
  const queued = await run({ lint: 'false' });
  expect(queued.codes).toEqual([0, 0]);
  expect(queued.summary).toContain('DROP COLUMN note');
});

test('a plan that db:sync would refuse fails the job', async () => {
  writeFileSync(join(root, 'pgmage.config.ts'), `export default { policy: { deletes_data: 'deny' } };\n`);
  const { output, codes } = await run({ lint: 'false' });
  expect(output).toContain('::error title=pgmage::db:sync would refuse this plan');
  expect(codes).toEqual([2, 0]);
  expect(hub.comments.at(-1)?.body).toContain('policy&#95;denied');
});

const baseCommit = () => git('rev-parse', 'HEAD~1').trim();
const configure = (environment: string) =>
  writeFileSync(
    join(root, 'pgmage.config.ts'),
    `export default { environments: { prod: ${environment} } };\n`,
  );
const ofProd = { environment: 'prod', lint: 'false', out: 'plan.json' };

test.each([
  ['a variable', `{ variable: 'PROD_URL' }`],
  ['a command', `{ command: ['false'] }`],
  ['the Railway CLI', `{ railway: { service: 'db' } }`],
  ['a file that is not committed', undefined],
  ['a list of tenants', `{ variable: 'PROD_URL', each: 'select name, database from tenants' }`],
])(
  'a fork has no secrets and a token that only reads, with %s: the plan is in the summary',
  async (_, own) => {
    hub.refused = 403;
    if (own !== undefined) configure(own);
    event({ pull_request: pullRequest(baseCommit(), 'eve/app') });
    const { output, codes, summary, outputs } = await run(ofProd, { PROD_URL: '' });
    expect(codes).toEqual([0, 0]);
    // What is made from the files alone cannot be approved.
    expect(outputs).toEqual({ digest: '' });
    expect(existsSync(join(root, 'plan.json'))).toBe(false);
    expect(output).toContain('::notice title=pgmage::`prod` could not be read: in a fork');
    expect(output).toContain('::notice title=pgmage::The token may not write comments');
    expect(hub.comments).toEqual([]);
    expect(summary).toMatch(/^<!-- pgmage:plan prod -->\n### .*\n\n> `prod` could not be read: in a fork/);
    expect(summary).toContain('DROP COLUMN note');
    expect(output + summary).not.toContain('t0ken');
  },
);

test.each([
  ['a fork that was deleted', null, {}, 0],
  ['Dependabot', 'shop/app', { GITHUB_ACTOR: 'dependabot[bot]' }, 0],
  ['a branch of the repository', 'shop/app', {}, 64],
  ['a fork whose job runs for the target', 'eve/app', { GITHUB_EVENT_NAME: 'pull_request_target' }, 64],
])('a secret that is missing is an error only where there are secrets: %s', async (_, from, more, code) => {
  configure(`{ variable: 'PROD_URL' }`);
  event({ pull_request: pullRequest(baseCommit(), from) });
  const variables = { GITHUB_EVENT_NAME: 'pull_request', PROD_URL: '', ...more };
  const { codes, output } = await run({ environment: 'prod', lint: 'false' }, variables);
  expect(codes).toEqual([code, 0]);
  expect(output).toContain('PROD_URL');
  expect(hub.comments.at(-1)?.body).toContain(code === 0 ? 'DROP COLUMN note' : 'The plan failed');
});

test('a fork with an error of its own gets no plan', async () => {
  configure(`{ variable: 'PROD_URL' }`);
  event({ pull_request: pullRequest(baseCommit(), 'eve/app') });
  writeFileSync(join(root, 'schema.sql'), 'create tble users;\n');
  const { codes, summary } = await run({ environment: 'prod', lint: 'false' }, { PROD_URL: '' });
  expect(codes).toEqual([1, 0]);
  expect(summary).toContain('The plan failed');
});

test('an environment with tenants: a plan of the files, which names the way to one tenant', async () => {
  configure(`{ variable: 'PROD_URL', each: 'select name, database from tenants' }`);
  const variables = { PROD_URL: 'postgres://a@127.0.0.1:1/registry' };
  const { codes, output } = await run({ environment: 'prod', lint: 'false' }, variables);
  expect(codes).toEqual([0, 0]);
  expect(output).toContain('::notice title=pgmage::`prod` has tenants, and a plan is for one database.');
  expect(hub.comments[0]?.body).toContain('\n\n> `prod` has tenants');
  expect(hub.comments[0]?.body).toContain('Name one tenant: `prod:NAME`.');
  expect(hub.comments[0]?.body).toContain('DROP COLUMN note');
  // The workflow asks for what there cannot be.
  const kept = await run(ofProd, variables);
  expect(kept.codes).toEqual([1, 0]);
  expect(kept.output).toContain('::error title=pgmage::The plan was not written to plan.json');
});

test('an error of the server or of the schema fails the job, and says why', async () => {
  hub.refused = 500;
  const failed = await run({ lint: 'false' });
  expect(failed.codes).toEqual([0, 1]);
  expect(failed.output).toContain('::error title=pgmage::The plan could not be commented: POST');
  hub.refused = 0;
  writeFileSync(join(root, 'schema.sql'), 'create tble users;\n');
  const broken = await run();
  expect(broken.codes).toEqual([1, 0]);
  expect(broken.output).toContain('::error title=');
  expect(hub.comments.at(-1)?.body).toContain('The plan failed');
});
