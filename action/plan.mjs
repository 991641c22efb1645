// Makes the plan of a pull request, and prints the findings of db:lint as annotations.
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const {
  GITHUB_ACTOR,
  GITHUB_EVENT_NAME,
  GITHUB_EVENT_PATH,
  GITHUB_OUTPUT,
  PGMAGE_COMMAND = 'npx --no-install pgmage',
  PGMAGE_ENVIRONMENT = '',
  PGMAGE_OUT = '',
  PGMAGE_PLAN = '',
} = process.env;
const event = GITHUB_EVENT_PATH ? JSON.parse(readFileSync(GITHUB_EVENT_PATH, 'utf8')) : {};
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

/** A problem of which the comment and an annotation tell. */
class NoPlan extends Error {}

/**
 * The commit that the changes are to be merged into. Without it all written migrations would count as applied.
 */
function findBase() {
  const base = event.pull_request?.base?.sha ?? event.merge_group?.base_sha;
  if (!/^[0-9a-f]{40,64}$/.test(base ?? ''))
    throw new NoPlan(
      'The event has no target branch. Run the action for a pull request or a merge group, ' +
        'or name an environment.',
    );
  const known = () => spawnSync('git', ['cat-file', '-e', `${base}^{commit}`]).status === 0;
  if (known()) return base;
  const options = { timeout: 60_000, stdio: ['ignore', 'ignore', 'inherit'] };
  spawnSync('git', ['fetch', '--quiet', '--depth=1', 'origin', base], options);
  if (known()) return base;
  throw new NoPlan(
    `The commit of the target branch could not be fetched: ${base}. ` +
      'Let actions/checkout keep its credentials, or pass it fetch-depth: 0.',
  );
}

/** The same; undefined: there is none, as a warning says, and db:lint reads all migrations. */
function tryBase() {
  try {
    return findBase();
  } catch (error) {
    if (!(error instanceof NoPlan)) throw error;
    console.log(`::warning title=pgmage::db:lint reads all migrations. ${error.message}`);
    return undefined;
  }
}

const planOfFiles = () => pgmage('db:plan', '--format', 'markdown', '--base', findBase());

/**
 * True if GitHub usually gives the job no secrets: for a pull request of another repository, or of Dependabot.
 * A failure of the environment is then expected; elsewhere it is an error (GitHub's manual: Using secrets in
 * GitHub Actions).
 */
function lacksSecrets() {
  const { head, base } = event.pull_request ?? {};
  if (base === undefined) return false;
  if (GITHUB_ACTOR === 'dependabot[bot]') return true;
  // A fork that was deleted is null. `pull_request_target` runs for the target, with its secrets.
  return GITHUB_EVENT_NAME !== 'pull_request_target' && head?.repo?.full_name !== base.repo?.full_name;
}

/** Why the environment cannot be planned for, although nothing is wrong; undefined: something is. */
function explainNoTarget(words) {
  const name = PGMAGE_ENVIRONMENT.replace(/[^\w.:-]/g, '_');
  if (lacksSecrets())
    return {
      text:
        `\`${name}\` could not be read: in a fork, and for Dependabot, a job usually has no secrets. ` +
        'The plan is made from the files alone.',
    };
  if (findCode(pgmage(...words, '--json').text) !== 'several_tenants') return undefined;
  return {
    text:
      `\`${name}\` has tenants, and a plan is for one database. The plan is made from the files alone. ` +
      `Name one tenant: \`${name}:NAME\`.`,
    // Other than in a fork, the workflow can be corrected.
    isMissing: PGMAGE_OUT !== '',
  };
}

function findCode(text) {
  try {
    return JSON.parse(text).problem?.code;
  } catch {
    return undefined;
  }
}

/** Writes the plan to its file, and its digest to the outputs of the step; undefined: there is none. */
function keepPlan(words) {
  const file = resolve(PGMAGE_OUT);
  const plan = pgmage(...words, '--out', file);
  if (plan.code !== 0) return undefined;
  const { checksum } = JSON.parse(readFileSync(file, 'utf8'));
  if (GITHUB_OUTPUT) appendFileSync(GITHUB_OUTPUT, `digest=${checksum}\n`);
  return plan;
}

const isRefused = ({ text }) => /^\*\*db:sync would refuse\*\*/m.test(text);

/**
 * The plan; `isOfTarget`: the environment was read; `isMissing`: its file was asked for, and was not written.
 */
function makePlan() {
  if (PGMAGE_OUT !== '' && PGMAGE_ENVIRONMENT === '')
    throw new NoPlan('The input "out" needs an environment: a plan of the files alone cannot be applied.');
  if (PGMAGE_ENVIRONMENT === '') return planOfFiles();
  const target = ['--env', PGMAGE_ENVIRONMENT];
  const words = ['db:plan', ...target, '--format', 'markdown'];
  const kept = PGMAGE_OUT === '' ? undefined : keepPlan(words);
  if (kept !== undefined) return { ...kept, isOfTarget: true };
  // A plan that db:sync would refuse is shown, but not kept.
  const plan = pgmage(...words);
  if (plan.code === 0) return { ...plan, isOfTarget: true, isMissing: PGMAGE_OUT !== '' && !isRefused(plan) };
  const note = explainNoTarget(['db:plan', ...target]);
  if (note === undefined) return plan;
  console.log(`::notice title=pgmage::${note.text}`);
  return { ...planOfFiles(), note: note.text, isMissing: note.isMissing };
}

// One comment for one environment, also where the plan fails or is made from the files alone.
const marker = `<!-- pgmage:plan ${(PGMAGE_ENVIRONMENT || 'files').replace(/[^\w.-]/g, '_')} -->`;

/** Writes a note below the title. */
const withNote = (text, note) =>
  note === undefined ? text : text.replace(/^###[^\n]*\n/m, (title) => `${title}\n> ${note}\n`);

function tryPlan() {
  try {
    return { ...makePlan(), reason: 'The log of the job has the error.' };
  } catch (error) {
    if (!(error instanceof NoPlan)) throw error;
    console.log(`::error title=pgmage::${error.message}`);
    return { text: '', code: 1, reason: error.message };
  }
}

const plan = tryPlan();

/** The findings of what the branch adds or edits, with the sizes of tables where the environment was read. */
function lintBranch() {
  if (process.env.PGMAGE_LINT === 'false') return { text: '', code: 0 };
  const base = tryBase();
  if (base === undefined) return pgmage('db:lint', '--format', 'github');
  const target = plan.isOfTarget ? ['--env', PGMAGE_ENVIRONMENT] : [];
  return pgmage('db:lint', '--format', 'github', '--base', base, ...target);
}

const lint = lintBranch();
if (lint.text.trim() !== '') console.log(lint.text.trimEnd());
if (plan.code === 0) writeFileSync(PGMAGE_PLAN, withNote(plan.text.replace(/^<!--[^\n]*-->/, marker), plan.note));
else writeFileSync(PGMAGE_PLAN, `${marker}\n### pgmage: no plan\n\nThe plan failed. ${plan.reason}\n`);
const refused = isRefused(plan);
if (refused)
  console.log('::error title=pgmage::db:sync would refuse this plan. The comment and the summary say why.');
if (plan.isMissing)
  console.log(
    `::error title=pgmage::The plan was not written to ${PGMAGE_OUT}. The log of the job has the error.`,
  );
process.exitCode = plan.code || lint.code || (refused ? 2 : 0) || (plan.isMissing ? 1 : 0);
