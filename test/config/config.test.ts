// Configuration and environments: what is found where, and what is refused.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkConfig } from '../../lib/config/check.ts';
import type { Config } from '../../lib/config/config.ts';
import { findEnvironment, knownNames, protectedEnvironments } from '../../lib/config/environment.ts';
import { openProject } from '../../lib/config/project.ts';
import { failure } from '../failure.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-config-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

const find = (name?: string, config: Config = {}, variables: Record<string, string> = {}) =>
  findEnvironment({ root, config, variables }, name);

test('without anything it is the embedded database', async () => {
  expect(await find()).toEqual({ name: 'local', url: null, protected: false, fallback: true });
});

test('an embedded database that is configured is not a fallback, and a URL goes before it', async () => {
  const config: Config = { environments: { local: { embedded: true }, test: { embedded: true } } };
  expect(await find(undefined, config)).toEqual({ name: 'local', url: null, protected: false });
  expect(await find('test', config)).toEqual({ name: 'test', url: null, protected: false });
  expect((await find(undefined, config, { DATABASE_URL: 'postgres://x/y' })).url).toBe('postgres://x/y');
});

test.each([
  ['the environment variable DATABASE_URL', {}, { DATABASE_URL: '' }, {}],
  ['the environment variable DATABASE_URL', {}, { DATABASE_URL: ' \t' }, {}],
  ['the environment variable APP_DB', { local: { variable: 'APP_DB' } }, { APP_DB: '' }, {}],
  [
    'DATABASE_URL in .env.local',
    {},
    {},
    { '.env.local': 'DATABASE_URL=\n', '.env': 'DATABASE_URL=postgres://x/y' },
  ],
  ['DATABASE_URL in .env', {}, { SECRET: '' }, { '.env': `DATABASE_URL="$\{SECRET}"` }],
  ['its URL in the configuration', { local: ' ' }, {}, {}],
  ['DATABASE_URL in the output of echo', { local: { command: ['echo', '{"DATABASE_URL": ""}'] } }, {}, {}],
] as const)('an empty URL is refused by its place: %s', async (place, environments, variables, files) => {
  write(files);
  const problem = await failure(find(undefined, { environments }, variables));
  expect(problem).toMatchObject({ code: 'empty_url', exitCode: 64 });
  expect(problem.message).toContain(`The URL of local is empty: ${place}`);
});

test('the default environment: the process first, then .env.local, then .env', async () => {
  write({ '.env': 'DATABASE_URL=postgres://env/db\n', '.env.local': 'OTHER=1\n' });
  expect((await find()).url).toBe('postgres://env/db');
  write({ '.env.local': 'export DATABASE_URL="postgres://local/db" # mine\n' });
  expect((await find()).url).toBe('postgres://local/db');
  expect((await find(undefined, {}, { DATABASE_URL: 'postgres://shell/db' })).url).toBe(
    'postgres://shell/db',
  );
  expect(Object.keys(process.env)).not.toContain('OTHER');
});

test('a named environment reads its own files, and never what the shell has for another', async () => {
  write({ '.env': 'DATABASE_URL=postgres://env/db', '.env.production': 'DATABASE_URL=postgres://prod/db' });
  const shell = { DATABASE_URL: 'postgres://shell/db' };
  expect(await find('prod', {}, shell)).toEqual({
    name: 'prod',
    url: 'postgres://prod/db',
    found: 'DATABASE_URL in .env.production',
    protected: true,
  });
  expect((await find('production', {}, shell)).url).toBe('postgres://prod/db');
  expect((await find('dev', {}, shell)).url).toBe('postgres://env/db');
  const problem = await failure(find('staging', {}, shell));
  expect(problem).toMatchObject({ code: 'unknown_environment', exitCode: 64 });
  expect(problem.hint).toContain('prod');
});

test('a tenant of a mistyped environment is suggested with the right one', async () => {
  const config: Config = { environments: { shops: { databases: 'shop_*' }, shoes: 'postgres://shoes/db' } };
  expect((await failure(find('shop:acme', config))).hint).toMatch(
    /^Did you mean shops:acme\? Known environments: local, shops, shoes\./,
  );
  for (const name of ['local:acme', 'other:acme', ':acme'])
    expect((await failure(find(name, config))).hint).toMatch(/^Known environments: /);
});

test('a value can name other variables, of the same file first; what names none is taken as it is', async () => {
  write({
    '.env': `DATABASE_URL="postgres://\${USER_NAME}:\${PASSWORD}@\${HOST}/\${NAME}"
      USER_NAME=app\nPASSWORD='\${USER_NAME}\${}$x\${DATABASE_URL}\${nowhere}'\nHOST=h`,
  });
  const { url } = await find(undefined, {}, { HOST: 'other', NAME: 'shop' });
  expect(url).toBe(`postgres://app:app\${}$x\${DATABASE_URL}\${nowhere}@h/shop`);
});

test('the configuration says where: a URL, a variable, files, a command', async () => {
  write({
    'secrets/p.env': 'PG=postgres://file/db',
    'print.mjs': 'console.log(JSON.stringify({ PG: process.argv[2] }))',
  });
  const config: Config = {
    environments: {
      a: 'postgres://text/db',
      b: { variable: 'B_URL', protected: true },
      c: { dotenv: ['missing.env', 'secrets/p.env'], variable: 'PG' },
      d: { command: ['node', 'print.mjs', 'postgres://command/db'], variable: 'PG' },
      e: { command: 'node print.mjs postgres://shell/db', variable: 'PG' },
      prod: { url: 'postgres://prod/db', protected: false },
    },
  };
  expect((await find('a', config)).url).toBe('postgres://text/db');
  expect(await find('b', config, { B_URL: 'postgres://b/db' })).toMatchObject({
    url: 'postgres://b/db',
    protected: true,
  });
  expect((await find('c', config)).url).toBe('postgres://file/db');
  expect((await find('d', config)).url).toBe('postgres://command/db');
  expect((await find('e', config)).url).toBe('postgres://shell/db');
  expect((await find('prod', config)).protected).toBe(false);
  expect(await failure(find('b', config))).toMatchObject({
    code: 'environment_without_url',
    hint: 'Set B_URL in the process environment or .env.b.local or .env.b.',
  });
  expect(await knownNames({ root, config, variables: {} })).toEqual([
    'local',
    'a',
    'b',
    'c',
    'd',
    'e',
    'prod',
  ]);
});

test('an environment that only a dotenv file defines is known; a sample of such a file is none', async () => {
  writeFileSync(join(root, '.env.analytics'), 'DATABASE_URL=postgres://analytics/db');
  writeFileSync(join(root, '.env.registry'), 'DATABASE_URL=postgres://registry/db');
  writeFileSync(join(root, '.env.example'), 'DATABASE_URL=postgres://user:password@host/db');
  writeFileSync(join(root, '.env.production'), 'DATABASE_URL=postgres://prod/db');
  writeFileSync(join(root, '.env.other'), 'PORT=80');
  const config: Config = { environments: { shops: { dotenv: '.env.registry', each: 'select 1' } } };
  const names = ['local', 'shops', 'prod', 'analytics'];
  expect(await knownNames({ root, config, variables: {} })).toEqual(names);
});

test(
  'protected environments are found by their files and the configuration; those without a URL' +
    ' are left out',
  async () => {
    write({
      '.env.production': 'DATABASE_URL=postgres://prod/db',
      '.env.staging': 'DATABASE_URL=postgres://staging/db',
    });
    const config: Config = {
      environments: {
        live: { url: 'postgres://live/db', protected: true },
        lost: { variable: 'NOWHERE', protected: true },
        free: 'postgres://free/db',
      },
    };
    const found = await protectedEnvironments({ root, config, variables: {} });
    expect(found.map(({ name, url }) => [name, url])).toEqual([
      ['live', 'postgres://live/db'],
      ['prod', 'postgres://prod/db'],
    ]);
  },
);

test('a configured default environment without a URL is not silently the embedded database', async () => {
  const config: Config = { environment: 'prod', environments: { prod: {} } };
  expect(await failure(find(undefined, config))).toMatchObject({ code: 'environment_without_url' });
  expect((await find(undefined, config, { DATABASE_URL: 'postgres://x/y' })).name).toBe('prod');
});

test('a command that fails or prints no JSON is a problem that shows no output', async () => {
  const failing: Config = {
    environments: { x: { command: 'echo secret && exit 3' }, y: { command: 'echo secret' } },
  };
  for (const name of ['x', 'y']) {
    const problem = await failure(find(name, failing));
    expect(problem.code).toBe('bad_config');
    expect(problem.message.replaceAll('echo secret', '')).not.toContain('secret');
  }
});

test('a TypeScript configuration is compiled once per content and imports its own files', async () => {
  write({
    'package.json': '{}',
    'names.ts': 'export const folder: string = "sql";',
    'pgmage.config.ts':
      'import { folder } from "./names.ts";\nexport default { schema: folder + "/a.sql",' +
      ' migrations: import.meta.dirname };',
  });
  const first = await openProject(root, '1');
  expect(first.config).toEqual({ schema: 'sql/a.sql', migrations: root });
  write({ 'names.ts': 'export const folder: string = "other";' });
  expect((await openProject(join(root), '1')).config.schema).toBe('other/a.sql');
  mkdirSync(join(root, 'deep/er'), { recursive: true });
  expect((await openProject(join(root, 'deep/er'), '1')).root).toBe(root);
});

test('a project that has not installed pgmage can import it', async () => {
  const config = `import { defineConfig } from 'pgmage';\nexport default defineConfig({ schema: 'a.sql' });`;
  write({ 'package.json': '{}', 'pgmage.config.ts': config });
  expect((await openProject(root, '1')).config).toEqual({ schema: 'a.sql' });
  // Its own one is taken as soon as it is there.
  const own = `export const defineConfig = () => ({ schema: 'own.sql' });`;
  const manifest = '{ "name": "pgmage", "type": "module", "exports": "./index.js" }';
  write({ 'node_modules/pgmage/package.json': manifest, 'node_modules/pgmage/index.js': own });
  expect((await openProject(root, '1')).config).toEqual({ schema: 'own.sql' });
  for (const [file, text] of [
    ['pgmage.config.mjs', config],
    ['pgmage.config.cjs', "module.exports = require('pgmage').defineConfig({});"],
  ] as const) {
    for (const name of ['node_modules', 'pgmage.config.ts', 'pgmage.config.mjs'])
      rmSync(join(root, name), { recursive: true, force: true });
    write({ [file]: text });
    const problem = await failure(openProject(root, '1'));
    expect(problem.message).toContain("Run 'npm install --save-dev pgmage', name the file pgmage.config.ts");
  }
});

test('a CommonJS configuration is read, and one in a form that pgmage does not read is refused', async () => {
  write({ 'package.json': '{}', 'pgmage.config.cjs': `module.exports = { schema: 'db/schema.sql' };` });
  expect((await openProject(root, 'test')).config).toEqual({ schema: 'db/schema.sql' });
  rmSync(join(root, 'pgmage.config.cjs'));
  write({ 'pgmage.config.json': '{ "schema": "db/schema.sql" }' });
  const problem = await failure(openProject(join(root), 'test'));
  expect(problem).toMatchObject({ code: 'bad_config', data: { file: 'pgmage.config.json' } });
  expect(problem.message).toContain('pgmage.config.ts, ');
});

test('without a configuration the project is where its package.json is', async () => {
  write({ 'package.json': '{}', 'a/b/c.txt': '' });
  expect(await openProject(join(root, 'a/b'), '1')).toMatchObject({ root, config: {} });
});

test.each([
  ['export default { shema: "x" }', /shema is unknown; did you mean schema\? known: schema,/],
  ['export default { schema: 3 }', /schema must be a string/],
  ['export default { environments: { a: { urls: "x" } } }', /environments\.a\.urls is unknown/],
  ['export default { ignore: { schemas: "x" } }', /ignore\.schemas must be a list of strings/],
  ['export const x = 1', /no default export/],
  ['throw new Error("boom")', /boom/],
])('a wrong configuration is refused by name: %s', async (text, reason) => {
  write({ 'pgmage.config.ts': text });
  const problem = await failure(openProject(root, '1'));
  expect(problem).toMatchObject({ code: 'bad_config', exitCode: 64 });
  expect(problem.message).toMatch(reason);
});

test('a syntax error in it has file, line and column', async () => {
  write({ 'pgmage.config.ts': 'export default {\n  schema: ??,\n};\n' });
  const problem = await failure(openProject(root, '1'));
  expect(problem.where).toEqual({ file: 'pgmage.config.ts', line: 2, column: 11, text: '  schema: ??,' });
});

test('the key of a service is a member of the configuration', () => {
  const config: Config = { serve: { seal: 'key' } };
  expect(checkConfig(config, 'pgmage.config.ts')).toBe(config);
  expect(() => checkConfig({ serve: { seals: 'key' } }, 'pgmage.config.ts')).toThrow('did you mean seal?');
});
