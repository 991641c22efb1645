// The GitLab job of the guide, run as a runner runs it, against a server on loopback that is like GitLab.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withTemplate } from '../project/cache.ts';
import { freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type GitLabJob, makeNpx, readJobs, runLines } from './gitlab.ts';

const { plan: job } = readJobs('A job with a note of the merge request:') as { plan: GitLabJob };

interface Note {
  readonly id: number;
  readonly author: { readonly id: number };
  body: string;
}

// The user of the token.
const me = 42;

const token = 'glpat-t0ken';
let folder: string;
let root: string;
let base: string;
let bin: string;
let api: Server;
let requests: string[] = [];
const notes: Note[] = [];

const git = (...words: string[]) =>
  execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

function commit(name: string, up: string): string {
  const file = join(root, 'migrations', `${name}.sql`);
  writeFileSync(file, `-- Up Migration\n\n${up}\n\n-- Down Migration\n\nselect 1;\n`);
  git('add', '.');
  git('commit', '-q', '-m', name);
  return git('rev-parse', 'HEAD');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pgmage-gitlab-'));
  root = join(folder, 'work');
  for (const path of ['origin', 'work/migrations']) mkdirSync(join(folder, path), { recursive: true });
  bin = makeNpx(folder);
  execFileSync('git', ['init', '-q', '--bare', join(folder, 'origin')]);
  git('init', '-q', '-b', 'main');
  git('remote', 'add', 'origin', join(folder, 'origin'));
  await withTemplate(join(root, '.pgmage', 'cache'));
  writeFileSync(join(root, '.gitignore'), '.pgmage\n*.md\ngl-code-quality.json\n');
  writeFileSync(join(root, 'package.json'), '{"name":"shop"}\n');
  writeFileSync(join(root, 'schema.sql'), 'create table users (id bigint primary key);\n');
  commit('1_base', 'create table users (id bigint primary key, gone text, note text);');
  // db:lint denies it, but it was merged.
  base = commit('1_gone', 'alter table users drop column gone;');
  git('push', '-q', 'origin', 'main');
  commit('2_note', 'alter table users drop column note;');
  api = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`);
      const isKnown = request.headers['private-token'] === token;
      const [status, answer] = isKnown ? reply(`${request.method}`, `${request.url}`, body) : [401, {}];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  api?.close();
  rmSync(folder, { recursive: true, force: true });
});

// Notes as GitLab has them: the newest first, unless they are sorted, and none without a text.
function reply(method: string, url: string, text: string): [status: number, answer: unknown] {
  const { pathname, searchParams } = new URL(url, 'http://api');
  if (pathname === '/user') return [200, { id: me, username: 'project_5_bot' }];
  const [, id] = /^\/projects\/5\/merge_requests\/7\/notes(?:\/(\d+))?$/.exec(pathname) ?? [];
  if (method === 'GET') {
    const sorted = searchParams.get('sort') === 'asc' ? notes : [...notes].reverse();
    return [200, sorted.slice(0, Number(searchParams.get('per_page')))];
  }
  const body = new URLSearchParams(text).get('body') ?? '';
  if (body === '') return [400, { error: 'body is missing' }];
  const known = notes.find((note) => note.id === Number(id));
  if (method === 'PUT' && known) {
    known.body = body;
    return [200, known];
  }
  if (method !== 'POST' || id !== undefined) return [404, {}];
  notes.push({ id: notes.length + 100, author: { id: me }, body });
  return [201, notes.at(-1)];
}

async function runJob(more: Record<string, string> = {}) {
  const variables = {
    PATH: bin,
    CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
    CI_API_V4_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    CI_PROJECT_ID: '5',
    CI_MERGE_REQUEST_IID: '7',
    PLAN_TOKEN: token,
    ...more,
  };
  requests = [];
  const script = await runLines(
    job.script.filter((line) => line !== 'npm ci'),
    root,
    variables,
  );
  const after = await runLines(job.after_script ?? [], root, variables);
  expect(script.output + after.output).not.toContain(token);
  return { codes: [script.code, after.code], output: script.output + after.output };
}

const ofPerson = (id: number, body: string): Note => ({ id, author: { id: 1 }, body });
const notesPath = '/projects/5/merge_requests/7/notes';
const own = () => notes.filter(({ author, body }) => author.id === me && body.startsWith('<!-- pgmage:plan'));

test('a note has the plan, later runs update it in place, and findings are in the report', async () => {
  // A person who writes the marker does not get the plan into their note.
  notes.push(ofPerson(1, '<!-- pgmage:plan files -->\nmine'));
  const first = await runJob();
  // The column is dropped, which db:lint denies.
  expect(first.codes).toEqual([2, 0]);
  expect(requests.map((one) => one.replace(/\?.*/, ''))).toEqual([
    'GET /user',
    `GET ${notesPath}`,
    `POST ${notesPath}`,
  ]);
  expect(own()).toHaveLength(1);
  expect(own()[0]?.body).toContain('DROP COLUMN note');
  expect(own()[0]?.body).not.toContain('create table users');
  const report = JSON.parse(readFileSync(join(root, 'gl-code-quality.json'), 'utf8'));
  expect(report).toMatchObject([
    { check_name: 'drop_column', location: { path: 'migrations/2_note.sql', lines: { begin: 3 } } },
  ]);

  for (let at = 0; at < 150; at++) notes.push(ofPerson(1000 + at, `of a person ${at}`));
  writeFileSync(join(root, 'schema.sql'), 'create table users (id bigint primary key, added text);\n');
  expect((await runJob()).codes[1]).toBe(0);
  expect(requests.at(-1)).toBe(`PUT ${notesPath}/${own()[0]?.id}`);
  expect([notes.length, own().length]).toEqual([152, 1]);
  expect(notes[0]?.body).toBe('<!-- pgmage:plan files -->\nmine');
  expect(own()[0]?.body).toContain('added');
});

test('with a variable the plan is for that environment; without a token it is in the log', async () => {
  const database = await freshDatabase(anyServer());
  writeFileSync(
    join(root, 'pgmage.config.ts'),
    `export default { environments: { staging: { variable: 'STAGING_URL' } } };\n`,
  );
  git('checkout', '-q', 'schema.sql');
  await rowsOf(database.url, 'create table by_hand (a int)');
  const { codes, output } = await runJob({ STAGING_URL: database.url, PLAN_TOKEN: '' });
  await database.drop();
  expect(requests).toEqual([]);
  expect(output).toContain('### pgmage: plan for <code>staging</code>');
  expect(output).toContain('**db:sync would refuse**');
  expect(output).toContain('added TABLE by_hand');
  expect(codes).toEqual([2, 0]);
});

test('a plan that cannot be made fails the job, and the note does not show an older plan', async () => {
  writeFileSync(join(root, 'schema.sql'), 'create tble users;\n');
  rmSync(join(root, 'gl-code-quality.json'));
  const { codes, output } = await runJob();
  expect(codes).toEqual([1, 0]);
  expect(output).toContain('Invalid SQL in schema.sql at line 1');
  expect(own()).toHaveLength(1);
  expect(own()[0]?.body).not.toContain('DROP COLUMN');
  expect(own()[0]?.body).toContain('The plan failed');
  expect(existsSync(join(root, 'gl-code-quality.json'))).toBe(false);
});
