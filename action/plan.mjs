// Makes the plan of a pull request, and prints the findings of db:lint as annotations.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const { PGMAGE_COMMAND = 'npx --no-install pgmage', PGMAGE_ENVIRONMENT = '', PGMAGE_PLAN = '' } = process.env;
const [program, ...first] = PGMAGE_COMMAND.split(' ').filter((word) => word !== '');

/** Runs pgmage: what it printed, and its exit code. */
function pgmage(...words) {
  const { stdout, stderr, status, error } = spawnSync(program, [...first, ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  process.stderr.write(stderr);
  return { text: stdout, code: status ?? 1 };
}

/** The commit that the pull request is to be merged into; undefined: it is none, or it was not fetched. */
function findBase() {
  const { GITHUB_EVENT_PATH } = process.env;
  if (!GITHUB_EVENT_PATH) return undefined;
  const base = JSON.parse(readFileSync(GITHUB_EVENT_PATH, 'utf8')).pull_request?.base?.sha;
  if (!/^[0-9a-f]{40,64}$/.test(base ?? '')) return undefined;
  const known = () => spawnSync('git', ['cat-file', '-e', `${base}^{commit}`]).status === 0;
  if (!known()) spawnSync('git', ['fetch', '--quiet', '--depth=1', 'origin', base], { timeout: 60_000 });
  return known() ? base : undefined;
}

function planOfFiles() {
  const base = findBase();
  return pgmage('db:plan', '--format', 'markdown', ...(base === undefined ? [] : ['--base', base]));
}

/** True if the problem is that a fork has no secrets. */
function lacksUrl(text) {
  try {
    return ['empty_url', 'environment_without_url'].includes(JSON.parse(text).problem?.code);
  } catch {
    return false;
  }
}

function makePlan() {
  if (PGMAGE_ENVIRONMENT === '') return planOfFiles();
  const target = ['--env', PGMAGE_ENVIRONMENT];
  const plan = pgmage('db:plan', ...target, '--format', 'markdown');
  if (plan.code === 0 || !lacksUrl(pgmage('db:plan', ...target, '--json').text)) return plan;
  console.log('::notice title=pgmage::No URL for the environment, as in a fork: the files alone are read.');
  return planOfFiles();
}

// One comment for one environment, also where the plan fails or is made from the files alone.
const marker = `<!-- pgmage:plan ${(PGMAGE_ENVIRONMENT || 'files').replace(/[^\w.-]/g, '_')} -->`;

const plan = makePlan();
const lint =
  process.env.PGMAGE_LINT === 'false' ? { text: '', code: 0 } : pgmage('db:lint', '--format', 'github');
if (lint.text.trim() !== '') console.log(lint.text.trimEnd());
if (plan.code === 0) writeFileSync(PGMAGE_PLAN, plan.text.replace(/^<!--[^\n]*-->/, marker));
else {
  const failed = `${marker}\n### pgmage: no plan\n\nThe plan failed. The log of the job has the error.\n`;
  writeFileSync(PGMAGE_PLAN, failed);
}
if (/^\*\*db:sync would refuse\*\*/m.test(plan.text))
  console.log('::error title=pgmage::db:sync would refuse this plan. The comment and the summary say why.');
process.exitCode = plan.code || lint.code;
