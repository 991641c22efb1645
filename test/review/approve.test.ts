// A plan that a workflow makes in one job and applies in another one: the workflow of examples/approved-plan.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { digestPlan } from '../../lib/migrate/plan-file.ts';
import { withTemplate } from '../project/cache.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type GitHub, startGitHub } from './github.ts';
import { fill, type Ran, repository, runAction, runSteps, type Step, type Values } from './steps.ts';

type WorkflowStep = Partial<Step> & { readonly uses?: string; readonly with?: Values };
type JobName = 'plan' | 'apply';

const example = join(repository, 'examples', 'approved-plan');
const { jobs } = parse(readFileSync(join(example, '.github/workflows/schema.yml'), 'utf8')) as {
  jobs: Record<JobName, { steps: WorkflowStep[]; outputs?: Values }>;
};

let folder: string;
let hub: GitHub;
let database: Database;
/** The outputs of the first job. */
let planned: { codes: readonly number[]; output: string; outputs: Values };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pgmage-approve-'));
  [hub, database] = await Promise.all([startGitHub(), freshDatabase(anyServer())]);
  mkdirSync(join(folder, 'bin'));
  const npx = join(folder, 'bin', 'npx');
  writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${repository}/bin/pgmage.cjs' "$@"\n`);
  chmodSync(npx, 0o755);
  for (const name of ['plan', 'apply']) await checkOut(name);
  planned = await runJob('plan');
});
afterAll(async () => {
  hub.close();
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

/** The folder that a job works in. */
const at = (job: string, ...path: string[]) => join(folder, job, ...path);

async function checkOut(job: string): Promise<void> {
  cpSync(example, at(job), { recursive: true, filter: (path) => !path.includes('.pgmage') });
  await withTemplate(at(job, '.pgmage', 'cache'));
  mkdirSync(at(job, 'node_modules'));
  symlinkSync(repository, at(job, 'node_modules', 'pgmage'));
  mkdirSync(at(`${job}.temp`));
}

/** Runs a job of the workflow; its actions are done here, except for pgmage's own. */
async function runJob(name: JobName, needs: Values = {}) {
  let values: Values = { 'secrets.PROD_URL': database.url, ...needs };
  const [codes, printed] = [[] as number[], [] as string[]];
  for (const step of jobs[name].steps) {
    if (codes.some((code) => code !== 0)) break;
    const ran = await takeStep(name, step, values);
    codes.push(...ran.codes);
    printed.push(ran.output);
    values = { ...values, ...ran.values };
  }
  const outputs: Values = {};
  for (const [key, text] of Object.entries(jobs[name].outputs ?? {}))
    outputs[`needs.${name}.outputs.${key}`] = fill(text, values);
  return { codes, output: printed.join('\n'), outputs };
}

async function takeStep(name: JobName, step: WorkflowStep, values: Values): Promise<Ran> {
  const { uses = '', run = '', with: inputs = {}, env = {}, id } = step;
  const artifactFile = join(folder, 'artifact');
  if (uses.startsWith('actions/upload-artifact')) cpSync(at(name, inputs.path as string), artifactFile);
  if (uses.startsWith('actions/download-artifact')) cpSync(artifactFile, at(name, 'plan.json'));
  const own = Object.entries(env).map(([key, value]) => [key, fill(value, values)]);
  const job = {
    root: at(name),
    temp: at(`${name}.temp`),
    env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, ...Object.fromEntries(own) },
  };
  if (run.startsWith('npx pgmage')) return runSteps([{ ...step, run }], values, job);
  if (!uses.includes('/pgmage@')) return { codes: [], output: '', values: {} };
  const { codes, output, summary, outputs } = await runAction(inputs, job);
  const made = Object.entries(outputs).map(([key, value]) => [`steps.${id}.outputs.${key}`, value]);
  return { codes, output: output + summary, values: Object.fromEntries(made) };
}

const artifact = () => JSON.parse(readFileSync(join(folder, 'artifact'), 'utf8'));
const digestOf = (outputs: Values) => outputs['needs.plan.outputs.digest'] as string;
const hasTable = async () =>
  (await rowsOf(database.url, `select to_regclass('invoices') is not null as is`))[0]?.is;

test('the first job shows the plan with its digest, keeps it, and changes nothing', async () => {
  const digest = digestOf(planned.outputs);
  expect(planned.codes).toEqual([0, 0]);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(artifact().checksum).toBe(digest);
  // People read the digest where they read the plan.
  expect(planned.output).toContain(`Plan <code>${digest}</code>`);
  expect(await hasTable()).toBe(false);
});

/** Writes another artifact in the place of the plan. */
function forge(edit: (plan: Record<string, unknown>) => Record<string, unknown>): void {
  const { plan, ...rest } = artifact();
  const other = edit(plan);
  writeFileSync(
    join(folder, 'artifact'),
    JSON.stringify({ ...rest, plan: other, checksum: digestPlan(other) }),
  );
}

const draft = () => at('apply', 'migrations', '20990101000000000_x.sql');
const schema = () => at('apply', 'schema', 'schema.sql');

// Each move, its undoing, and what the second job says.
test.each([
  [
    'the target moved',
    () => rowsOf(database.url, 'create table extra (a int)'),
    () => rowsOf(database.url, 'drop table extra'),
    'prod is not empty, but no migration is recorded there',
  ],
  [
    'the schema moved',
    () => writeFileSync(schema(), 'CREATE TABLE other (a int);\n'),
    () => cpSync(join(example, 'schema/schema.sql'), schema()),
    'the wanted schema changed',
  ],
  [
    'the migrations moved',
    () => {
      mkdirSync(at('apply', 'migrations'));
      writeFileSync(draft(), '-- Up Migration\n\nselect 1;\n\n-- Down Migration\n\nselect 1;\n');
    },
    () => rmSync(at('apply', 'migrations'), { recursive: true }),
    'the folder of migrations changed',
  ],
] as const)('the second job applies nothing after %s', async (_, move, undo, message) => {
  await move();
  const apply = await runJob('apply', planned.outputs);
  await undo();
  expect(apply.codes).toEqual([1]);
  expect(apply.output).toContain(message);
  expect(await hasTable()).toBe(false);
});

test('the second job refuses a plan that has another digest, though it would fit', async () => {
  const first = readFileSync(join(folder, 'artifact'));
  // As if it were made a minute earlier: nothing but the name of the migration differs.
  const second = await runJob('plan');
  expect(digestOf(second.outputs)).not.toBe(digestOf(planned.outputs));
  const refused = await runJob('apply', planned.outputs);
  expect(refused.codes).toEqual([1]);
  expect(refused.output).toContain(
    `its digest is ${digestOf(second.outputs)}, and --digest names ${digestOf(planned.outputs)}`,
  );
  forge((plan) => ({ ...plan, migrations: [] }));
  expect((await runJob('apply', planned.outputs)).output).toMatch(/its digest is [0-9a-f]{64}, and --digest/);
  writeFileSync(join(folder, 'artifact'), first);
  expect(await hasTable()).toBe(false);
});

test('the second job applies nothing without a digest of the first one', async () => {
  const apply = await runJob('apply');
  expect(apply.codes).toEqual([64]);
  expect(apply.output).toContain('Bad option --digest');
  expect(await hasTable()).toBe(false);
});

test('in a pull request the comment has the digest of the kept plan', async () => {
  const event = join(folder, 'event.json');
  writeFileSync(event, JSON.stringify({ pull_request: { number: 7, base: { sha: 'a'.repeat(40) } } }));
  const env = {
    PROD_URL: database.url,
    GITHUB_API_URL: hub.url,
    GITHUB_REPOSITORY: 'shop/app',
    GITHUB_EVENT_PATH: event,
  };
  const job = { root: at('plan'), temp: at('plan.temp'), env };
  const { codes, outputs } = await runAction({ environment: 'prod', out: 'plan.json', lint: 'false' }, job);
  expect(codes).toEqual([0, 0]);
  expect(hub.comments.map(({ body }) => body)).toEqual([
    expect.stringContaining(`Plan <code>${outputs.digest}</code>`),
  ]);
});

test.each([
  ['whose folder is missing', 'missing/plan.json', 'ENOENT'],
  ['that is no plan', 'package.json', 'package.json'],
])('the first job fails without a plan in a file %s, and shows the plan', async (_, out, reason) => {
  const before = readFileSync(at('plan', 'package.json'), 'utf8');
  const job = { root: at('plan'), temp: at('plan.temp'), env: { PROD_URL: database.url } };
  const { codes, output, outputs, summary } = await runAction(
    { environment: 'prod', out, lint: 'false' },
    job,
  );
  expect(codes[0]).toBe(1);
  expect(outputs).toEqual({ digest: '' });
  expect(output).toContain(`::error title=pgmage::The plan was not written to ${out}.`);
  expect(output).toContain(reason);
  expect(summary).toContain('CREATE TABLE');
  expect(readFileSync(at('plan', 'package.json'), 'utf8')).toBe(before);
});

test('the second job applies the plan, and no second time', async () => {
  const apply = await runJob('apply', planned.outputs);
  expect(apply.codes).toEqual([0]);
  expect(apply.output).toContain(`Plan plan.json, digest ${digestOf(planned.outputs)}`);
  expect(apply.output).toContain('prod is in sync.');
  expect(await hasTable()).toBe(true);
  const again = await runJob('apply', planned.outputs);
  expect(again.codes).toEqual([0]);
  expect(again.output).toContain('All migrations of plan.json are applied already: nothing is left to do.');
});

test('a plan that db:sync would refuse is shown, and is not kept', async () => {
  rmSync(at('plan', 'plan.json'));
  await rowsOf(database.url, 'create table extra (a int)');
  const refused = await runJob('plan');
  expect(refused.codes).toEqual([2, 0]);
  expect(refused.output).toContain('db:sync would refuse');
  expect(digestOf(refused.outputs)).toBe('');
  expect(existsSync(at('plan', 'plan.json'))).toBe(false);
});

test('the guide shows the steps of this workflow', () => {
  const guide = readFileSync(join(repository, 'docs/guides/ci-and-deploy.md'), 'utf8');
  const [, section = ''] = guide.split('## Approve a plan, then apply it');
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  const shown = parse(text) as { jobs: typeof jobs };
  for (const name of ['plan', 'apply'] as const) {
    expect(shown.jobs[name].steps).toEqual(jobs[name].steps);
    expect(shown.jobs[name].outputs).toEqual(jobs[name].outputs);
  }
});
