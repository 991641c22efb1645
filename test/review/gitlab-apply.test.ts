// The jobs for GitLab that plan for a database and apply exactly that plan, run as a runner runs them.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withTemplate } from '../project/cache.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type GitLabJob, makeNpx, readJobs, runLines } from './gitlab.ts';
import { repository } from './steps.ts';

type JobName = 'plan:prod' | 'apply';
const jobs = readJobs('In GitLab the plan is made in the pipeline of the default branch') as Record<
  JobName,
  GitLabJob
>;

let folder: string;
let bin: string;
let database: Database;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pgmage-gitlab-apply-'));
  bin = makeNpx(folder);
  database = await freshDatabase(anyServer());
  const project = at('project');
  mkdirSync(project);
  const write = (name: string, text: string) => writeFileSync(join(project, name), text);
  write('package.json', '{"name":"shop"}\n');
  write('pgmage.config.ts', `export default { environments: { prod: { variable: 'PROD_URL' } } };\n`);
  write('schema.sql', 'create table users (id bigint primary key);\n');
  await withTemplate(join(project, '.pgmage', 'cache'));
  execFileSync(process.execPath, [join(repository, 'bin/pgmage.cjs'), 'db:generate'], { cwd: project });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

const at = (...path: string[]) => join(folder, ...path);

/** Runs a job in a checkout of its own. */
async function runJob(name: JobName, variables: Record<string, string>, artifacts: readonly string[] = []) {
  const cwd = at(name.replace(':', '-'));
  rmSync(cwd, { recursive: true, force: true });
  cpSync(at('project'), cwd, { recursive: true });
  for (const file of artifacts) cpSync(at('plan-prod', file), join(cwd, file));
  const lines = jobs[name].script.filter((line) => line !== 'npm ci');
  const ran = await runLines(lines, cwd, { PATH: bin, PROD_URL: database.url, ...variables });
  expect(ran.output).not.toContain(database.url);
  return ran;
}

/** The variables that a report of dotenv gives to the jobs that need it. */
function readVariables(): Record<string, string> {
  const file = jobs['plan:prod'].artifacts?.reports.dotenv as string;
  const lines = readFileSync(at('plan-prod', file), 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
}

const paths = () => jobs['plan:prod'].artifacts?.paths ?? [];
const hasTable = async () =>
  (await rowsOf(database.url, `select to_regclass('users') is not null as is`))[0]?.is;

test('both jobs run on the default branch, and a person starts the second', () => {
  const { apply, 'plan:prod': plan } = jobs;
  expect(apply.needs).toEqual(['plan:prod']);
  expect(apply.rules.map((rule) => rule.when)).toEqual(['manual']);
  expect(apply.rules.map((rule) => rule.if)).toEqual(plan.rules.map((rule) => rule.if));
});

test('the plan is shown with its digest, and exactly that plan is applied', async () => {
  const planned = await runJob('plan:prod', {});
  expect(planned.code).toBe(0);
  expect(await hasTable()).toBe(false);
  const given = readVariables();
  expect(given.DIGEST).toMatch(/^[0-9a-f]{64}$/);
  expect(planned.output).toContain('CREATE TABLE');
  expect(planned.output).toContain(given.DIGEST);

  for (const digest of ['', 'f'.repeat(64)])
    expect((await runJob('apply', { DIGEST: digest }, paths())).code).not.toBe(0);
  expect(await hasTable()).toBe(false);
  const applied = await runJob('apply', given, paths());
  expect([applied.code, applied.output]).toEqual([0, expect.stringContaining('prod is in sync')]);
  expect(await hasTable()).toBe(true);
  // The job again: its plan is applied already.
  expect((await runJob('apply', given, paths())).code).toBe(0);
});

test('without the protected variable no plan is made', async () => {
  const { code, output } = await runJob('plan:prod', { PROD_URL: '' });
  expect(code).not.toBe(0);
  expect(output).toContain('PROD_URL');
});
