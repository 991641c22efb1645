// Posts a plan as one comment of a pull request, or updates that comment; without the right to, as a summary.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const {
  GITHUB_API_URL = 'https://api.github.com',
  GITHUB_EVENT_PATH = '',
  GITHUB_REPOSITORY = '',
  GITHUB_STEP_SUMMARY,
  PGMAGE_PLAN = '',
  PGMAGE_TOKEN = '',
} = process.env;

/** Asks GitHub's API. A token appears in no message. */
async function ask(method, path, body) {
  const response = await fetch(`${GITHUB_API_URL}${path}`, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${PGMAGE_TOKEN}`,
      'content-type': 'application/json',
      'user-agent': 'pgmage',
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw Object.assign(new Error(`${method} ${path}: ${response.status}`), { status: response.status });
  return response.json();
}

/** The name of the person whose token it is; undefined: the token of a job or of an app, which is no user. */
async function findLogin() {
  try {
    return (await ask('GET', '/user')).login;
  } catch (error) {
    if (error.status !== 403 && error.status !== 404) throw error;
    return undefined;
  }
}

// A comment of another person that has the marker is not ours, also where the token may edit it.
const isOurs =
  (marker, login) =>
  ({ user, body }) =>
    (login === undefined ? user?.type === 'Bot' : user?.login === login) && body?.startsWith(marker);

async function findComment(issue, marker) {
  const login = await findLogin();
  for (let page = 1; page <= 100; page++) {
    const comments = await ask('GET', `${issue}/comments?per_page=100&page=${page}`);
    const found = comments.find(isOurs(marker, login));
    if (found !== undefined || comments.length < 100) return found;
  }
  return undefined;
}

async function comment(issue, body) {
  const marker = body.slice(0, body.indexOf('\n'));
  const found = await findComment(issue, marker);
  if (found === undefined) return ask('POST', `${issue}/comments`, { body });
  return ask('PATCH', `/repos/${GITHUB_REPOSITORY}/issues/comments/${found.id}`, { body });
}

function pullRequest() {
  if (GITHUB_EVENT_PATH === '') return undefined;
  const number = JSON.parse(readFileSync(GITHUB_EVENT_PATH, 'utf8')).pull_request?.number;
  return Number.isInteger(number) ? number : undefined;
}

async function main() {
  if (!existsSync(PGMAGE_PLAN)) return;
  const body = readFileSync(PGMAGE_PLAN, 'utf8');
  if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, `${body}\n`);
  const number = pullRequest();
  if (number === undefined) return;
  try {
    const { html_url: url } = await comment(`/repos/${GITHUB_REPOSITORY}/issues/${number}`, body);
    console.log(`The plan is in ${url}`);
  } catch (error) {
    // The token of a fork can only read.
    if (error.status !== 403 && error.status !== 404) throw error;
    console.log(
      '::notice title=pgmage::The token may not write comments, as in a fork: the plan is in the job summary.',
    );
  }
}

await main().catch((error) => {
  console.log(`::error title=pgmage::The plan could not be commented: ${error.message}`);
  process.exitCode = 1;
});
