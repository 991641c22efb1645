// The steps of action.yml, run as a runner runs them, against a server on loopback that answers like GitHub.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { withTemplate } from '../project/cache.ts';

const repository = join(import.meta.dirname, '../..');
const action = parse(readFileSync(join(repository, 'action.yml'), 'utf8')) as {
  inputs: Readonly<Record<string, { default: string }>>;
  runs: {
    using: string;
    steps: {
      run: string;
      shell: string;
      if?: string;
      env: Record<string, string>;
      'working-directory'?: string;
    }[];
  };
};

interface Comment {
  id: number;
  body: string;
  user: { type: string; login?: string };
}

let root: string;
let server: Server;
let comments: Comment[];
let requests: string[];
/** The status that writes are answered with; 0: they succeed. */
let refused: number;
/** The person whose token it is; null: that of the job, which is no user. */
let person: string | null;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-action-'));
  [comments, requests, refused, person] = [[], [], 0, null];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => {
      text += piece;
    });
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://api');
      requests.push(`${request.method} ${url.pathname}${url.search}`);
      const answer = (status: number, body: unknown) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      if (request.headers.authorization !== 'Bearer t0ken')
        return answer(401, { message: 'Bad credentials' });
      if (url.pathname === '/user')
        return person === null
          ? answer(403, { message: 'Resource not accessible by integration' })
          : answer(200, { login: person, type: 'User' });
      if (request.method === 'GET') {
        const page = Number(url.searchParams.get('page'));
        return answer(200, comments.slice((page - 1) * 100, page * 100));
      }
      if (refused > 0) return answer(refused, { message: 'Resource not accessible by integration' });
      const { body } = JSON.parse(text) as { body: string };
      if (body.length > 65_536) return answer(422, { message: 'body is too long' });
      const id = Number(/comments\/(\d+)$/.exec(url.pathname)?.[1] ?? 0);
      const known = comments.find((one) => one.id === id);
      if (known) known.body = body;
      else comments.push({ id: 1000 + comments.length, body, user: author() });
      answer(known ? 200 : 201, { html_url: 'https://github.test/comment' });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await makeProject();
});
afterEach(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

const author = () => (person === null ? { type: 'Bot' } : { type: 'User', login: person });

const git = (...words: string[]) =>
  execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
    encoding: 'utf8',
  });

/** A repository whose branch adds a migration to that of main. */
async function makeProject(): Promise<void> {
  mkdirSync(join(root, 'migrations'));
  mkdirSync(join(root, 'temp'));
  await withTemplate(join(root, '.pgmage', 'cache'));
  writeFileSync(join(root, '.gitignore'), '.pgmage\ntemp\n');
  writeFileSync(join(root, 'package.json'), '{"name":"shop"}\n');
  const up = (name: string, sql: string) =>
    writeFileSync(
      join(root, 'migrations', `${name}.sql`),
      `-- Up Migration\n\n${sql}\n\n-- Down Migration\n\nselect 1;\n`,
    );
  up('1_base', 'create table users (id bigint primary key, note text);');
  writeFileSync(join(root, 'schema.sql'), 'create table users (id bigint primary key);\n');
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'base');
  const base = git('rev-parse', 'HEAD').trim();
  up('2_note', 'alter table users drop column note;');
  git('add', '.');
  git('commit', '-q', '-m', 'drop the note');
  writeFileSync(
    join(root, 'temp', 'event.json'),
    JSON.stringify({ pull_request: { number: 7, base: { sha: base } } }),
  );
}

/** Runs the steps of the action, and gives what they print and their exit codes. */
async function run(inputs: Readonly<Record<string, string>> = {}, more: Record<string, string> = {}) {
  const values: Record<string, string> = { 'runner.temp': join(root, 'temp'), 'github.token': 't0ken' };
  const fill = (text: string) =>
    text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => values[name] ?? '');
  for (const [name, { default: usual }] of Object.entries(action.inputs))
    values[`inputs.${name}`] = inputs[name] ?? fill(usual);
  values['inputs.command'] = `${process.execPath} ${repository}/bin/pgmage.cjs`;
  const { port } = server.address() as AddressInfo;
  let output = '';
  const codes: number[] = [];
  for (const step of action.runs.steps) {
    if (codes.some((code) => code !== 0) && step.if !== 'always()') continue;
    const own = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, fill(value)]));
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      GITHUB_ACTION_PATH: repository,
      GITHUB_API_URL: `http://127.0.0.1:${port}`,
      GITHUB_EVENT_PATH: join(root, 'temp', 'event.json'),
      GITHUB_REPOSITORY: 'shop/app',
      GITHUB_STEP_SUMMARY: join(root, 'temp', 'summary.md'),
      ...own,
      ...more,
    };
    const cwd = join(root, fill(step['working-directory'] ?? '.'));
    await new Promise<void>((resolve) => {
      const words = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run];
      execFile(step.shell, words, { cwd, env }, (error, out, err) => {
        output += out + err;
        codes.push(error === null ? 0 : Number(error.code));
        resolve();
      });
    });
  }
  return { output, codes, summary: readFileSync(join(root, 'temp', 'summary.md'), 'utf8') };
}

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
  comments.push({ ...other(1), body: '<!-- pgmage:plan files -->\nmine' });
  const first = await run();
  expect(first.output).toContain('::error title=drop_column,file=migrations/2_note.sql,line=3,col=');
  expect(first.codes).toEqual([2, 0]);
  expect(comments).toHaveLength(2);
  const [, own] = comments as [Comment, Comment];
  expect(own.body).toMatch(/^<!-- pgmage:plan files -->\n### pgmage: plan for migrations\n/);
  for (const part of ['DROP COLUMN note', '2&#95;note.sql', 'deletes data']) expect(own.body).toContain(part);
  // The migration of main is not in it.
  expect(own.body).not.toContain('create table users');
  expect(first.summary).toContain(own.body.trim());

  comments.unshift(...Array.from({ length: 150 }, (_, at) => other(2000 + at)));
  writeFileSync(join(root, 'schema.sql'), 'create table users (id bigint primary key, added text);\n');
  requests = [];
  await run({ lint: 'false' });
  expect(requests).toEqual([
    'GET /user',
    'GET /repos/shop/app/issues/7/comments?per_page=100&page=1',
    'GET /repos/shop/app/issues/7/comments?per_page=100&page=2',
    `PATCH /repos/shop/app/issues/comments/${own.id}`,
  ]);
  expect(comments).toHaveLength(152);
  expect(own.body).toContain('added');
  expect(comments[150]?.body).toContain('mine');
});

test('the comment of a person is found by their token, and no comment of others', async () => {
  person = 'ada';
  const marked = (login: string, type = 'User') => ({
    id: 1,
    body: `<!-- pgmage:plan files -->\n${login}`,
    user: { type, login },
  });
  comments.push(marked('eve'), marked('robot', 'Bot'));
  for (const _ of [1, 2]) expect((await run({ lint: 'false' })).codes).toEqual([0, 0]);
  expect(comments.map(({ user }) => user.login)).toEqual(['eve', 'robot', 'ada']);
});

const event = (content: unknown) => writeFileSync(join(root, 'temp', 'event.json'), JSON.stringify(content));

test('without the commit of the target branch there is no plan, and the job fails', async () => {
  event({ pull_request: { number: 7, base: { sha: 'a'.repeat(40) } } });
  const { output, codes, summary } = await run({ lint: 'false' });
  expect(codes).toEqual([1, 0]);
  expect(output).toContain('::error title=pgmage::The commit of the target branch could not be fetched');
  expect(comments.map(({ body }) => body)).toEqual([expect.stringContaining('### pgmage: no plan')]);
  expect(summary + output).not.toContain('to apply');
  expect(summary).toContain('could not be fetched');
  event({});
  const other = await run({ lint: 'false' });
  expect(other.codes).toEqual([1, 0]);
  expect(other.output).toContain('::error title=pgmage::The event has no target branch');
  event({ merge_group: { base_sha: git('rev-parse', 'HEAD~1').trim() } });
  const queued = await run({ lint: 'false' });
  expect(queued.codes).toEqual([0, 0]);
  expect(queued.summary).toContain('DROP COLUMN note');
});

test('a plan that db:sync would refuse fails the job', async () => {
  writeFileSync(join(root, 'pgmage.config.ts'), `export default { policy: { deletes_data: 'deny' } };\n`);
  const { output, codes } = await run({ lint: 'false' });
  expect(output).toContain('::error title=pgmage::db:sync would refuse this plan');
  expect(codes).toEqual([2, 0]);
  expect(comments.at(-1)?.body).toContain('policy&#95;denied');
});

test('a fork has no secrets and a token that only reads: the plan is in the summary', async () => {
  refused = 403;
  writeFileSync(
    join(root, 'pgmage.config.ts'),
    `export default { environments: { prod: { variable: 'PROD_URL' } } };\n`,
  );
  const { output, codes, summary } = await run({ environment: 'prod', lint: 'false' }, { PROD_URL: '' });
  expect(codes).toEqual([0, 0]);
  expect(output).toContain('the files alone are read');
  expect(output).toContain('::notice title=pgmage::The token may not write comments');
  expect(comments).toEqual([]);
  expect(summary).toContain('DROP COLUMN note');
  expect(output + summary).not.toContain('t0ken');
});

test('an error of the server or of the schema fails the job, and says why', async () => {
  refused = 500;
  const failed = await run({ lint: 'false' });
  expect(failed.codes).toEqual([0, 1]);
  expect(failed.output).toContain('::error title=pgmage::The plan could not be commented: POST');
  refused = 0;
  writeFileSync(join(root, 'schema.sql'), 'create tble users;\n');
  const broken = await run();
  expect(broken.codes).toEqual([1, 0]);
  expect(broken.output).toContain('::error title=');
  expect(comments.at(-1)?.body).toContain('The plan failed');
});
