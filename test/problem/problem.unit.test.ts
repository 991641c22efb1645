// Problems: every code can be told, and no password survives in one.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configFile, rememberConfigFile } from '../../lib/problem/config-file.ts';
import { extensionPackages } from '../../lib/problem/extension-packages.ts';
import { formatCaret } from '../../lib/problem/location.ts';
import { rememberStart } from '../../lib/problem/own-command.ts';
import { format, Problem, toProblem } from '../../lib/problem/problem.ts';
import { maskUrl, redact } from '../../lib/problem/redact.ts';
import { adviseRepeat } from '../../lib/problem/repeat.ts';

const secret = 's3cr3t!pw';

test.each([
  ['connection_refused', 'Cannot connect to prod. Check DATABASE_URL'],
  ['connection_timeout', 'prod connection timeout. Retry in a few minutes'],
] as const)('%s is told in the words that were asked for', (code, words) => {
  expect(new Problem(code, { environment: 'prod', detail: 'x' }).message).toBe(words);
});

test('an extension that a package gives is told with the version that fits', () => {
  const refused = { environment: 'shadow', sqlstate: '0A000', detail: null, hint: null, context: null };
  const of = (name: string) =>
    new Problem('missing_extension', { ...refused, message: '', position: null, name }).hint;
  const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const { name, version } of Object.values(extensionPackages))
    expect(peerDependencies[name]).toBe(version);
  expect(of('vector')).toContain('npm install --save-dev @electric-sql/pglite-pgvector@');
  expect(of('constructor')).toMatch(/^Install the extension constructor on the server/);
});

test('a role that may not create in the schema public is told a way without drift', () => {
  const refused = { environment: 'prod', sqlstate: '42501', detail: null, hint: null, context: null };
  const message = 'permission denied for schema public';
  expect(
    new Problem('permission_denied', { ...refused, message, position: null, role: 'app' }).hint,
  ).toContain('ALTER DATABASE name OWNER TO app;');
});

test('a role that may not read the ledger is told the grants that it needs', () => {
  const refused = { environment: 'prod', sqlstate: '42501', detail: null, hint: null, context: null };
  const of = (message: string) =>
    new Problem('permission_denied', { ...refused, message, position: null }).hint;
  expect(of('permission denied for schema pgmage')).toContain('GRANT USAGE ON SCHEMA pgmage TO role_name;');
  const as = (role: string) => ({
    ...refused,
    message: 'permission denied for schema pgmage',
    position: null,
    role,
  });
  expect(new Problem('permission_denied', as('Odd"one')).hint).toContain('ON SCHEMA pgmage TO "Odd""one";');
  expect(of('permission denied for table users')).toContain('Connect as a role that may do this');
});

test.each([
  ['must be member of role "shop"', /GRANT that_role TO deploy; Or pass --no-owner/],
  ['must be able to SET ROLE "shop"', /GRANT that_role TO deploy; Or pass --no-owner/],
  ['permission denied to create extension "x"', /superuser create it .* --exclude extension:NAME/],
  ['must be owner of extension hstore', /let that role or a superuser drop it first/],
  ['must be owner of event trigger stop', /let that role or a superuser drop it first/],
  ['permission denied to create database', /ALTER ROLE deploy CREATEDB;/],
])('the hint of "%s" has the way out', (message, way) => {
  const hint = 'Must be superuser to create this extension.';
  const data = { environment: 'prod', sqlstate: '42501', detail: null, context: null, position: null };
  const of = { ...data, message, role: 'deploy', hint: message.includes('create extension') ? hint : null };
  expect(new Problem('permission_denied', of).hint).toMatch(way);
});

test('a hint has commands that can be pasted', () => {
  const hint = () =>
    new Problem('foreign_migrations', { what: 'db:sync', tool: 'Prisma', command: null }).hint;
  const unknown = () => new Problem('unknown_task', { name: 'x', nearest: [] }).hint;
  const drifted = () => new Problem('drifted', { environment: 'shop:db', changes: [], canPush: true }).hint;
  const near = () => new Problem('unknown_task', { name: 'x', nearest: ['db:diff'] }).hint;
  const option = () => new Problem('unknown_option', { option: '-x', task: 'db:diff', nearest: [] }).hint;
  const hints = () => [hint(), unknown(), drifted(), near(), option()];
  const plain = hints();
  const starts = {
    'npm/10.8.2 node/v20': 'npx pgmage',
    'pnpm/9.0.0': 'pnpm pgmage',
    'yarn/4.0.0 x': 'yarn pgmage',
  };
  for (const [agent, start] of Object.entries(starts)) {
    rememberStart(agent, ['init', 'db:diff', 'db:pull', 'db:status']);
    expect(hints()).toEqual([
      `Write the migration with Prisma. ${start} db:diff --from migrations --sql prints its SQL.`,
      `Run ${start} --list to see all tasks.`,
      `Run ${start} db:status --env shop:db to see the drift. Undo it there, or write it into the schema` +
        ` and a migration (${start} db:pull --drift --env shop:db). After db:push, run db:generate, then` +
        ` db:sync --env shop:db --baseline.`,
      'Did you mean db:diff?',
      `Run ${start} db:diff --help to see the options.`,
    ]);
  }
  rememberStart(undefined, ['db:diff']);
  expect(hints()).toEqual(plain);
});

test('the hint of drift names db:push only where that may write', () => {
  const hint = (canPush: boolean) =>
    new Problem('drifted', { environment: 'prod', changes: [], canPush }).hint;
  expect(hint(true)).toContain('After db:push, run db:generate');
  expect(hint(false)).not.toContain('db:push');
});

test('a hint names the configuration file of the project', () => {
  const hint = () => new Problem('unmanaged_objects', { objects: ['x'] }).hint;
  expect(hint()).toContain('ignore them in pgmage.config.ts');
  rememberConfigFile('pgmage.config.mjs');
  expect([configFile(), hint()]).toEqual(['pgmage.config.mjs', expect.stringContaining('pgmage.config.mjs')]);
  rememberConfigFile(null);
  expect(hint()).toContain('ignore them in pgmage.config.ts');
});

test.each([
  ['users', ''],
  ['users,notes', '. For several, write --tables users --tables notes'],
  ['users, notes', '. For several, write --tables users --tables notes'],
])('%s as a value of --tables: %s', (value, advice) => {
  expect(adviseRepeat('--tables', value)).toBe(advice);
});

test('refused data loss is told in the words that were asked for, with what would be lost', () => {
  const problem = new Problem('data_loss_refused', { losses: ['TABLE users (12 rows)'] });
  expect(problem.message).toBe('Cannot proceed: would drop data. Use --force flag');
  expect(problem.hint).toContain('TABLE users (12 rows)');
});

test('invalid SQL is told with file and line, the line itself, a caret and a hint', () => {
  const problem = new Problem(
    'missing_relation',
    {
      environment: null,
      message: 'relation "b" does not exist',
      sqlstate: '42P01',
      detail: null,
      hint: null,
      context: null,
      position: 17,
    },
    { where: { file: 'schema.sql', line: 3, column: 18, text: 'create view a as table b;' } },
  );
  expect(format(problem)).toBe(
    [
      'Invalid SQL in schema.sql at line 3: relation "b" does not exist',
      '  at schema.sql:3:18',
      '  create view a as table b;',
      '                   ^',
      'Hint: Create it before it is used, or correct its name.',
    ].join('\n'),
  );
  expect(JSON.parse(JSON.stringify(problem))).toMatchObject({
    code: 'missing_relation',
    exitCode: 1,
    where: { line: 3 },
  });
});

test('a caret stands under its character after tabs and in lines too long to show', () => {
  expect(formatCaret({ file: 'f', line: 1, column: 3, text: '\t\tx' })[1]).toBe('\t\t^');
  const [shown, mark] = formatCaret(
    { file: 'f', line: 1, column: 501, text: `${'a'.repeat(500)}!${'b'.repeat(500)}` },
    80,
  );
  expect(shown).toHaveLength(80);
  expect(shown[mark.indexOf('^')]).toBe('!');
});

test('a problem stays itself, everything else becomes internal', () => {
  const problem = new Problem('empty_file', { file: 'a.sql', comments: false });
  expect(toProblem(problem)).toBe(problem);
  expect(toProblem(new TypeError('x is not a function'))).toMatchObject({ code: 'internal', exitCode: 1 });
  expect(toProblem('text').message).toContain('text');
});

test.each([
  [`postgres://app:${secret}@db.example.com:5432/shop`, 'postgres://app@db.example.com:5432/shop'],
  [`"postgresql://app:${secret}@h/shop" is wrong`, '"postgresql://app@h/shop" is wrong'],
  [`postgres://app:a@${secret}@h/shop`, 'postgres://app@h/shop'],
  [`postgres://app:1/${secret}#@h/shop`, 'postgres://app@h/shop'],
  [
    `postgres://h/shop?user=app&password=${secret}&sslmode=require`,
    'postgres://h/shop?user=app&password=***&sslmode=require',
  ],
  [`host=h password=${secret} dbname=d`, 'host=h password=*** dbname=d'],
  [`host=h password = 'it\\'s ${secret}' dbname=d`, 'host=h password = *** dbname=d'],
  [`PGPASSWORD=${secret} psql`, 'PGPASSWORD=*** psql'],
  [`create role r login password '${secret}';`, "create role r login password '***';"],
  [`options (user 'u', password '${secret}')`, "options (user 'u', password '***')"],
  [`options (api_key '${secret}', "aws_Secret" '${secret}')`, `options (api_key '***', "aws_Secret" '***')`],
  [`connection 'host=h password=${secret}' publication p`, "connection 'host=h password=***' publication p"],
])('no password is left in %s', (text, expected) => {
  expect(redact(text)).toBe(expected);
});

test.each([
  'password authentication failed for user "app"',
  'postgres://localhost:5432/shop',
  'postgres://app@localhost/shop',
  "create table t (password text not null, note text default 'x')",
  'mail a:b@example.com',
])('nothing is taken out of %s', (text) => {
  expect(redact(text)).toBe(text);
});

test('a URL is shown without its password parameters', () => {
  expect(maskUrl(`postgres://app:${secret}@h/d?sslpassword=x&password=${secret}&sslmode=require`)).toBe(
    'postgres://app@h/d?sslmode=require',
  );
  expect(maskUrl(`postgres://h/d?password=${secret}`)).toBe('postgres://h/d');
});

test('no part of a problem holds a password: words, data, place, cause', () => {
  const url = `postgres://app:${secret}@h/d`;
  const cause = Object.assign(new TypeError(`Invalid URL ${url}`), { input: url });
  const text = `create user mapping for u server s options (password '${secret}') nonsense`;
  const problem = new Problem(
    'bad_url',
    { environment: url, reason: `password=${secret}` },
    { cause, where: { file: 'f', line: 1, column: text.indexOf('nonsense') + 1, text } },
  );
  const cleaned = problem.where;
  expect(cleaned?.text.slice((cleaned?.column ?? 0) - 1)).toBe('nonsense');
  const shown = [
    format(problem),
    JSON.stringify(problem),
    problem.stack,
    String(problem.cause),
    JSON.stringify(problem.cause),
  ];
  const stack = (problem.cause as Error).stack;
  for (const one of [...shown, stack]) expect(one).not.toContain(secret);
  expect(Object.keys(problem.cause as Error)).not.toContain('input');
});

test('hints name the command that failed, and the one that helps', () => {
  const breaks = ['1_a and 1_b follow the same migration'];
  expect(new Problem('broken_chain', { breaks, merged: true }).hint).toContain('db:generate --rebase');
  expect(new Problem('broken_chain', { breaks, merged: false }).hint).toContain('version control');
  const rows = { environment: 'local', findings: ['1 of 2 rows of t has no a'], migration: null };
  const pushed = new Problem('rows_in_the_way', { ...rows, pushed: true });
  expect(pushed.message).toMatch(/^The change would fail on rows of local:/);
  expect(pushed.hint).toMatch(/run db:push again\.$/);
  expect(new Problem('rows_in_the_way', rows).hint).toMatch(/run db:sync again\.$/);
});

test('a problem wraps, except for its place', () => {
  const where = { file: 'a.sql', line: 1, column: 3, text: 'x '.repeat(20) };
  const problem = new Problem('bad_migration', { file: 'a.sql', reason: 'y '.repeat(20) }, { where });
  const lines = format(problem, (line) => [line.slice(0, 10), line.slice(10)]);
  expect(lines).toContain(`  ${'x '.repeat(20).trimEnd()}`);
});

test('a detail that the message has already is not said twice', () => {
  const detail = 'Key (id)=(20) is still referenced from table "notes".';
  const message = 'update or delete on table "users" violates foreign key constraint "notes_user_id_fkey"';
  const text = format(new Problem('rows_refused', { target: 'staging', message, detail }));
  expect(text).toContain(`${message}. ${detail}\nHint: Nothing was changed.`);
});

test('a detail that is also in the text of the command is said all the same', () => {
  const command = 'echo "the disk is full" >&2; exit 3';
  const failed = { command, exitCode: 3, reason: 'exit code 3', detail: 'the disk is full' };
  expect(format(new Problem('command_failed', failed))).toContain('exit code 3\nDetail: the disk is full\n');
});

test('a name is in one line of a problem, with one mark for each control character', () => {
  const refused = { environment: null, sqlstate: '42704', detail: null, hint: null, context: null };
  const name = 'a\nb\u001b[2Jc';
  const { data } = new Problem('missing_role', { ...refused, message: 'x\ny', position: null, name });
  expect(data.name).toBe('a\ufffdb\ufffd[2Jc');
  expect(data.message).toBe('x\ny');
  const holder = { pid: 1, role: name, applicationName: name, state: null, queryStart: null };
  const running = new Problem('migration_running', { environment: name, holders: [holder] });
  expect(running.message).toContain('session 1 (a\ufffdb\ufffd[2Jc, role a\ufffdb\ufffd[2Jc)');
  expect(running.message).not.toContain('\n');
});
