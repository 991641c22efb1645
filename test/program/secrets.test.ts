// Passwords that the schema itself holds: what is to be run has them, what is to be read does not.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pull } from '../../lib/commands/pull.ts';
import { differenceText, plan, script, status, statusText } from '../../lib/index.ts';
import { hideConnections, hidePasswords, isSecretName } from '../../lib/problem/redact.ts';
import { pullText } from '../../lib/report/pull.ts';
import { freshCache } from '../project/cache.ts';
import { withProject } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const paper = { width: 200, colour: false, now: new Date(0) };

// In quotes, with quotes, and alike on both sides.
const schema = (secret: string, kept: string) => `
  create foreign data wrapper plain options (api_key '${secret}');
  create server s foreign data wrapper plain options (host 'h', token '${secret}', "Password" '${kept}');
  create user mapping for public server s options (user 'app', password '${secret}', pin '${kept}');
  create foreign table f (a int options (secret '${secret}')) server s
    options (dsn 'postgres://u:${secret}@h/d', passwd '${kept}');
  create function remote() returns text language sql as
    $$ select 'postgres://u:${secret.replace(/\W/g, '_')}@h/d' ||
    'host=h password=${secret.replace(/\W/g, '_')} dbname=d' $$;
  create subscription sub connection 'host=h password=''${secret}'' dbname=d' publication p
    with (connect = false, slot_name = none);`;

const first = 'hunter2';
const second = "hunter3''s \\\\ new";
const kept = 'hunter0';

let root: string;
let shadow: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-secrets-'));
  shadow = anyServer().url();
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'old.sql'), schema(first, kept));
  writeFileSync(join(root, 'new.sql'), schema(second.replaceAll("''", '_').replaceAll('\\', '_'), kept));
  writeFileSync(join(root, 'none.sql'), 'create foreign data wrapper plain;');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ['old.sql', 'new.sql'],
  ['new.sql', 'old.sql'],
  ['empty', 'new.sql'],
  ['old.sql', 'empty'],
  ['none.sql', 'old.sql'],
])('from %s to %s they are in the SQL to run, and nowhere else', async (from, to) => {
  const report = await plan({ cwd: root, variables: {}, shadow, from, to });
  expect(report.changes.length).toBeGreaterThan(0);
  expect((await script(report.up)) + (await script(report.down))).toContain('hunter');
  const text = await differenceText(report, paper);
  expect(text).not.toContain('hunter');
  const steps = (name: 'up' | 'down') =>
    report[name].map(({ sql, shown = sql, ...rest }) => ({ shown, ...rest }));
  expect(JSON.stringify({ ...report, up: steps('up'), down: steps('down') })).not.toContain('hunter');
});

test('a statement is shown as it is run, but for the secrets that differ', async () => {
  const { up, changes } = await plan({ cwd: root, variables: {}, shadow, from: 'old.sql', to: 'new.sql' });
  const shown = new Map(up.map(({ fact, sql, shown = sql }) => [fact, shown]));
  expect(shown.get('server:s')).toBe(`ALTER SERVER s OPTIONS (SET token '***')`);
  expect(shown.get('user mapping:s.public')).toBe(
    `ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET password '***')`,
  );
  expect(shown.get('foreign table:public.f')).toBe(
    `ALTER FOREIGN TABLE public.f OPTIONS (SET dsn 'postgres://u:***@h/d')`,
  );
  expect(shown.get('subscription:sub')).toBe(
    `ALTER SUBSCRIPTION sub CONNECTION 'host=h password=*** dbname=d'`,
  );
  expect(changes.find(({ kind }) => kind === 'user mapping')).toMatchObject({
    text: 'USER MAPPING FOR PUBLIC SERVER s: options',
    attributes: [
      { from: ['password=***', 'pin=***', 'user=app'], to: ['password=***', 'pin=***', 'user=app'] },
    ],
  });
});

test('the status of a database tells none', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, schema(first, kept));
    writeFileSync(join(root, 'schema.sql'), schema('hunter5', 'hunter6'));
    const report = await status({ cwd: root, variables: { DATABASE_URL: url }, shadow });
    expect(report.changes).toHaveLength(7);
    expect((await statusText(report, paper)) + JSON.stringify(report)).not.toContain('hunter');
  });
});

test.each([
  ['postgres://app:pw@h/d?sslpassword=pw&x=1', 'postgres://app:***@h/d?sslpassword=***&x=1'],
  ['postgres://app:p@w@h/d', 'postgres://app:***@h/d'],
  ['postgres://h/d', 'postgres://h/d'],
  ["host = h password = 'p\\' w' dbname=d", 'host = h password = *** dbname=d'],
  ['password=p\\ w host=h', 'password=*** host=h'],
  ['password= host=h', 'password= ***'],
  ['host=h not a string password=pw', '***'],
  ['password_resets', 'password_resets'],
])('of %s is shown %s', (connection, shown) => {
  expect(hidePasswords(connection, () => '***')).toBe(shown);
});

test.each([
  ["dblink('host=h password=pw dbname=d', q)", "dblink('host=h password=*** dbname=d', q)"],
  ["dblink('password=''p w'' host=h')", "dblink('password=*** host=h')"],
  ["get('https://app:pw@h/x')", "get('https://app:***@h/x')"],
  ["select 'postgres://h/d', 'a@b'", "select 'postgres://h/d', 'a@b'"],
  ['WHERE name=n AND password=crypt(p, password)', 'WHERE name=n AND password=crypt(p, password)'],
  ['SET name=n, password=p', 'SET name=n, password=p'],
])('of the SQL %s is shown %s', (sql, shown) => {
  expect(hideConnections(sql)).toBe(shown);
});

test('names of secrets', () => {
  const secret =
    'password sslpassword Passwd api_key apikey aws_secret_access_key private_key bearer_token' +
    ' vault_token_id';
  expect(secret.split(' ').filter((name) => !isSecretName(name))).toEqual([]);
  const harmless =
    'user host dbname password_required use_scram_passthrough passfile key_column table sslkey fetch_size';
  expect(harmless.split(' ').filter(isSecretName)).toEqual([]);
});

test('db:pull names the objects whose passwords it writes into files', async () => {
  const cache = await freshCache();
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(
      url,
      `create foreign data wrapper plain; create server quiet foreign data wrapper plain options (host 'h');
        create server s foreign data wrapper plain options (host 'h');
        create user mapping for public server s options (user 'app', password '${first}')`,
    );
    await withProject(url, cache, async ({ context }) => {
      const report = await pull(context, {}, undefined);
      expect(report.secrets).toEqual(['USER MAPPING FOR PUBLIC SERVER s']);
      const text = pullText(report, paper);
      expect(text).toContain('schema.sql holds passwords of:\n  - USER MAPPING FOR PUBLIC SERVER s\n');
      expect(text).not.toContain(first);
      const ignore = { schemas: [], objects: ['user mapping:*'] };
      const without = await pull(derive(context, { ignore }), { out: 'without.sql' }, undefined);
      expect(without.secrets).toEqual([]);
      expect(readFileSync(join(context.project.root, 'without.sql'), 'utf8')).not.toContain(first);
    });
  });
  rmSync(cache, { recursive: true });
});
