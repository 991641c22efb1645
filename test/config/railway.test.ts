// A database of Railway is found by its client. That service cannot be reached by tests: a script of the same
// name stands in for the client on the PATH, takes its options, and says and prints what it does (railway
// variables --json, 4.x).
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../../lib/config/config.ts';
import { findEnvironment } from '../../lib/config/environment.ts';
import type { RailwayConfig } from '../../lib/config/railway.ts';
import { format } from '../../lib/problem/problem.ts';
import { run } from '../../lib/runner/main.ts';
import { failure } from '../failure.ts';

const publicUrl = 'postgres://postgres:pass%20word@roundhouse.proxy.rlwy.net:12345/railway';
const privateUrl = 'postgres://postgres:pass%20word@postgres.railway.internal:5432/railway';

// Services by their names; what it does otherwise is said by a file, as its session would be.
const client = `#!${process.execPath}
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const words = process.argv.slice(2);
writeFileSync('asked.json', JSON.stringify(words));
const end = (text) => { process.stderr.write(text + '\\n'); process.exit(1); };
const state = existsSync('state') ? readFileSync('state', 'utf8') : '';
if (state === 'logged out') end('Unauthorized. Please login with \`railway login\`');
if (state === 'not linked') end('No linked project found. Run railway link to connect to a project');
if (state === 'upset') end('Failed to fetch: error sending request for postgres://u:secret@h/d');
if (state === 'chatty') { console.log('secret'); process.exit(0); }
const option = (name) => words.includes(name) ? words[words.indexOf(name) + 1] : undefined;
const environment = option('--environment') ?? 'production';
if (!['production', 'staging'].includes(environment)) end('Environment "' + environment + '" not found.\\nRun \`railway environment\` to connect to an environment.');
const services = {
  Postgres: { DATABASE_PUBLIC_URL: '${publicUrl}', DATABASE_URL: '${privateUrl}', SHADOW_URL: 'postgres://shadow/' + environment },
  'my; web $(touch hacked)': { PORT: '80' },
  Inside: { DATABASE_URL: '${privateUrl}', DATABASE_PUBLIC_URL: '' },
};
const service = services[option('--service') ?? 'Postgres'];
if (service === undefined) end('Service "' + option('--service') + '" not found.');
console.log(JSON.stringify(service, null, 2));
`;

let root: string;
let bin: string;
const { PATH } = process.env;

beforeAll(() => {
  [root, bin] = [mkdtempSync(join(tmpdir(), 'pgmage-railway-')), mkdtempSync(join(tmpdir(), 'pgmage-bin-'))];
  writeFileSync(join(bin, 'railway'), client);
  chmodSync(join(bin, 'railway'), 0o755);
  process.env.PATH = `${bin}${delimiter}${PATH}`;
});
afterAll(() => {
  process.env.PATH = PATH;
  for (const folder of [root, bin]) rmSync(folder, { recursive: true });
});

const find = (railway: RailwayConfig) =>
  findEnvironment({ root, config: { environments: { prod: { railway } } }, variables: {} }, 'prod');
const state = (text: string) => writeFileSync(join(root, 'state'), text);

test('its client is asked for the service and the environment, without a shell', async () => {
  expect(await find({})).toMatchObject({
    url: publicUrl,
    found: 'DATABASE_PUBLIC_URL of the linked service on Railway',
    protected: true,
  });
  const asked = () => JSON.parse(readFileSync(join(root, 'asked.json'), 'utf8'));
  expect(asked()).toEqual(['variables', '--json']);
  const shadow = { service: 'Postgres', environment: 'staging', variable: 'SHADOW_URL' };
  expect(await find(shadow)).toMatchObject({ url: 'postgres://shadow/staging' });
  expect(asked()).toEqual(['variables', '--json', '--service', 'Postgres', '--environment', 'staging']);
  const service = 'my; web $(touch hacked)';
  expect((await failure(find({ service }))).code).toBe('railway_failed');
  expect(asked()).toEqual(['variables', '--json', '--service', service]);
});

const told: [string, RailwayConfig, string, string][] = [
  ['logged out', {}, 'Unauthorized. Please login with `railway login`', 'railway login'],
  ['not linked', {}, 'No linked project found', 'railway link'],
  ['', { service: 'none' }, 'Service "none" not found.', 'railway add --database postgres'],
  ['', { environment: 'pr-7' }, 'Run `railway environment`', 'railway environment new NAME'],
  ['', { variable: 'NO_URL' }, 'the linked service has no NO_URL', 'railway add --database postgres'],
  ['', { service: 'my; web $(touch hacked)' }, 'no DATABASE_PUBLIC_URL and no DATABASE_URL', 'railway add'],
  ['', { service: 'Inside' }, 'only other Railway services can reach', 'public networking'],
  ['upset', {}, 'Failed to fetch', 'railway variables --json'],
  ['chatty', {}, 'did not print a JSON object', 'railway variables --json'],
];

test.each(told)('what is wrong is told with the way out: %s %o', async (now, railway, words, hint) => {
  state(now);
  const problem = await failure(find(railway));
  expect([problem.code, problem.message]).toEqual(['railway_failed', expect.stringContaining(words)]);
  expect(problem.hint).toContain(hint);
  expect(format(problem)).not.toMatch(/secret|pass%20word/);
  state('');
});

test('without the client it is told how to get it', async () => {
  process.env.PATH = '/nowhere';
  const problem = await failure(find({})).finally(() => {
    process.env.PATH = `${bin}${delimiter}${PATH}`;
  });
  expect(problem.message).toBe('Cannot get the URL of prod from Railway: the command railway was not found');
  expect(problem.hint).toContain('npm install --global @railway/cli');
});

// A command of `hooks.failed` writes down what it was told.
async function failing(failed: NonNullable<Config['hooks']>['failed']) {
  const text =
    `export default { environments: { prod: { railway: { service: 'none' } } }, hooks: {` +
    ` failed: ${typeof failed === 'function' ? failed : JSON.stringify(failed)} } }`;
  // A module is read once.
  const own = mkdtempSync(join(root, 'hooked-'));
  writeFileSync(join(own, 'pgmage.config.mjs'), text);
  const log: string[] = [];
  const code = await run({
    ...{ words: ['db:status', '--env', 'prod'], cwd: own, variables: {}, terminal: undefined },
    ...{ logsToTerminal: true, now: () => new Date(), print: () => undefined },
    log: (line) => void log.push(line),
  });
  return { code, log: log.join('\n'), own };
}

test('a command that is wanted where a task fails is told what failed', async () => {
  const print = `require('node:fs').writeFileSync('failed.json', JSON.stringify(process.env))`;
  const words = 'Cannot get the URL of prod from Railway: Service "none" not found.';
  const first = await failing([process.execPath, '-e', print]);
  expect(first.code).toBe(1);
  expect(JSON.parse(readFileSync(join(first.own, 'failed.json'), 'utf8'))).toMatchObject({
    PGMAGE_TASK: 'db:status',
    PGMAGE_CODE: 'railway_failed',
    PGMAGE_MESSAGE: words,
    PGMAGE_HINT: expect.stringContaining('railway add'),
  });
  // By the shell; and where it fails itself, what failed first is what counts.
  const { code, log, own } = await failing('echo "$PGMAGE_TASK $PGMAGE_CODE" > failed.txt; exit 3');
  expect(readFileSync(join(own, 'failed.txt'), 'utf8')).toBe('db:status railway_failed\n');
  expect([code, log]).toEqual([1, expect.stringContaining('failed: exit code 3')]);
  expect(log).toContain(words);
});
