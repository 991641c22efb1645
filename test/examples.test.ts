// The projects of examples/, each in a copy: the commands of its README, as a person types them.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { withTemplate } from './project/cache.ts';
import { compileStrictly } from './schema-types/compile.ts';
import { rowsOf, withDatabase } from './servers/databases.ts';
import { anyServer } from './servers/running.ts';

const repository = join(import.meta.dirname, '..');
const examples = join(repository, 'examples');
const read = (...path: string[]) => readFileSync(join(examples, ...path), 'utf8');

/** The commands of a README. */
const commandsOf = (name: string) =>
  [...read(name, 'README.md').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, one]) => one).join('');

/** Runs commands in a copy of an example, and gives what they print and the files that are there then. */
async function run(name: string, commands: string, files: Readonly<Record<string, string>> = {}) {
  const root = mkdtempSync(join(tmpdir(), `pgmage-example-${name}-`));
  try {
    cpSync(join(examples, name), root, { recursive: true, filter: (path) => !path.includes('.pgmage') });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
    await withTemplate(join(root, '.pgmage', 'cache'));
    mkdirSync(join(root, 'node_modules'));
    symlinkSync(repository, join(root, 'node_modules', 'pgmage'));
    mkdirSync(join(root, '.bin'));
    const npx = join(root, '.bin', 'npx');
    writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${repository}/bin/pgmage.cjs' "$@"\n`);
    chmodSync(npx, 0o755);
    const env = { ...process.env, PATH: `${join(root, '.bin')}:${process.env.PATH}`, NO_COLOR: '1' };
    const output = await new Promise<string>((resolve, reject) => {
      execFile('/bin/sh', ['-ec', `{ ${commands}\n} 2>&1`], { cwd: root, env }, (error, text) =>
        error === null ? resolve(text) : reject(new Error(text)),
      );
    });
    const found = readdirSync(root, { recursive: true, encoding: 'utf8' });
    return { output, files: found.filter((file) => /migrations\/.*sql$/.test(file)) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('every example has a README, a package and a place in the list', () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(read('README.md').match(/\]\([\w-]+\/README\.md\)/g)).toHaveLength(folders.length);
  for (const { name } of folders) {
    expect(read('README.md')).toContain(`[${name}](${name}/README.md)`);
    expect(commandsOf(name)).toContain('npx pgmage ');
    expect(existsSync(join(examples, name, 'package.json'))).toBe(true);
  }
});

test('plain: the embedded database gets the migrations', async () => {
  const { output } = await run('plain', commandsOf('plain'));
  expect(output).toContain('Status: OUT OF SYNC');
  expect(output).toContain('local is in sync.');
  expect(output.split('Status: ').at(-1)).toMatch(/^IN SYNC[\s\S]*All 2 objects of/);
});

test('ci: the workflow is valid, and its commands succeed', async () => {
  const workflow = parse(read('ci', '.github/workflows/schema.yml')) as {
    jobs: Record<string, { steps: { run?: string }[] }>;
  };
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps.map((step) => step.run ?? ''));
  const commands = steps.filter((step) => step.startsWith('npx pgmage'));
  expect(commands.length).toBe(3);
  await withDatabase(anyServer(), async ({ url }) => {
    const set = `export PROD_URL='${url}'`;
    const { output } = await run('ci', [set, ...commands].join('\n'));
    expect(output).toContain('prod is in sync.');
    expect(await rowsOf(url, 'select from orders')).toEqual([]);
    await expect(run('ci', 'export PROD_URL=\nnpx pgmage db:sync --env prod --yes')).rejects.toThrow(
      'PROD_URL',
    );
  });
});

test('supabase: the next migration is in the folder of its client', async () => {
  const { files } = await run('supabase', commandsOf('supabase'));
  expect(files.filter((file) => /^supabase\/migrations\/\d{14}_\w+\.sql$/.test(file)).length).toBe(2);
});

test('prisma: the next migration is in the folder of its client', async () => {
  const { files } = await run('prisma', commandsOf('prisma'));
  expect(files.filter((file) => /^prisma\/migrations\/\d{14}_\w+\/migration\.sql$/.test(file)).length).toBe(
    2,
  );
});

test('policy: what a comment allows is applied, and without the comment it is refused', async () => {
  const { output, files } = await run('policy', commandsOf('policy'));
  expect(output).toContain('local is in sync.');
  expect(output.match(/No findings in \d files\./g)).toHaveLength(2);
  expect(files.filter((file) => file.startsWith('migrations/'))).toHaveLength(2);
  const schema = read('policy', 'schema/schema.sql').replace(/^--.*\n/, '');
  const changed = { 'schema/schema.sql': schema };
  const sync = 'npx pgmage db:sync --env local --yes --force';
  await expect(run('policy', sync, changed)).rejects.toThrow('The policy denies a statement:');
});

test('approved-plan: the plan is applied, and refused after the schema changed', async () => {
  const { output } = await run('approved-plan', commandsOf('approved-plan'));
  expect(output).toContain('### pgmage: plan for migrations');
  expect(output).toContain('local is in sync.');
  const moved = commandsOf('approved-plan').replace(
    'npx pgmage db:sync',
    'echo "CREATE TABLE more (id bigint);" >> schema/schema.sql; npx pgmage db:sync',
  );
  await expect(run('approved-plan', moved)).rejects.toThrow('the wanted schema changed');
});

test('masks: the copy has no secret', async () => {
  await withDatabase(anyServer(), (source) =>
    withDatabase(anyServer(), async (target) => {
      await rowsOf(
        source.url,
        `${read('masks', 'schema/schema.sql')};
         insert into users (name, email, phone) values ('Ann', 'ann@example.com', '123');
         insert into orders (email, note) values ('ann@example.com', 'please ring twice at the door')`,
      );
      const files = {
        '.env.prod': `DATABASE_URL=${source.url}`,
        '.env.staging': `DATABASE_URL=${target.url}`,
      };
      await run('masks', commandsOf('masks'), files);
      const [row] = await rowsOf(target.url, 'select * from users join orders using (email)');
      expect(row).toMatchObject({
        name: expect.stringMatching(/^Name [0-9a-f]+$/),
        email: expect.stringMatching(/^user_[0-9a-f]+@example\.test$/),
        phone: null,
        note: 'a long note',
      });
    }),
  );
});

test('data-sync: the new database has the rows of the old one', async () => {
  await withDatabase(anyServer(), (source) =>
    withDatabase(anyServer(), async (target) => {
      await rowsOf(source.url, read('data-sync', 'legacy.sql'));
      await rowsOf(target.url, read('data-sync', 'next.sql'));
      const files = {
        '.env.legacy': `DATABASE_URL=${source.url}`,
        '.env.next': `DATABASE_URL=${target.url}`,
      };
      const { output } = await run('data-sync', commandsOf('data-sync'), files);
      expect(output).toContain('5 inserted, 0 updated, 0 deleted. 2 tables are equal.');
      expect(await rowsOf(target.url, 'select email from users order by id')).toEqual([
        { email: 'ann@example.com' },
        { email: 'bob@example.com' },
      ]);
    }),
  );
});

test('types: the files are up to date, and the types compile in a query', async () => {
  const { output } = await run('types', commandsOf('types'));
  expect(output.match(/is up to date/g)?.length).toBe(4);
  const names = ['database.ts', 'orders.ts'];
  const files = Object.fromEntries(names.map((name) => [name, read('types', 'src', name)]));
  expect(await compileStrictly(files)).toEqual([]);
});

test.each(['drizzle', 'prisma-schema', 'sqlalchemy'])(
  '%s: the output of a command and own SQL are one schema',
  async (name) => {
    const { output, files } = await run(name, commandsOf(name));
    expect(files.length).toBeGreaterThan(0);
    expect(output).toContain('local is in sync.');
    expect(output.split('Status: ').at(-1)).toMatch(/^IN SYNC/);
  },
);

test('tenants: each database gets the schema, the canary first', async () => {
  await withDatabase(anyServer(), (registry) =>
    withDatabase(anyServer(), (acme) =>
      withDatabase(anyServer(), async (globex) => {
        await rowsOf(
          registry.url,
          `create table tenants (name text, url text);
           insert into tenants values ('globex', '${globex.url}'), ('acme', '${acme.url}')`,
        );
        const files = { '.env.shops': `DATABASE_URL=${registry.url}` };
        const { output } = await run('tenants', commandsOf('tenants'), files);
        expect(output).toMatch(/ {2}acme +done .*\n {2}globex +done /);
        expect(output).toContain('2 tenants: 2 in sync.');
        for (const { url } of [acme, globex]) expect(await rowsOf(url, 'select from orders')).toEqual([]);
      }),
    ),
  );
});

test('schema-tenants: each schema gets the tables, and all use the extension', async () => {
  const [create = ''] = [...read('schema-tenants', 'README.md').matchAll(/```sql\n([\s\S]*?)```/g)].map(
    ([, one = '']) => one,
  );
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, `${create} create schema shop_old; create table shop_old.orders ()`);
    const files = { '.env.shops': `DATABASE_URL=${url}` };
    const { output } = await run('schema-tenants', commandsOf('schema-tenants'), files);
    expect(output).toMatch(/ {2}shop_acme +done .*\n {2}shop_globex +done .*\n2 tenants: 2 done/);
    expect(output).toContain('2 tenants: 2 in sync.');
    await rowsOf(url, `insert into shop_globex.customers (email) values ('Anna@example.com')`);
    const found = await rowsOf(url, `select email::text from shop_globex.find_customer('anna@EXAMPLE.com')`);
    expect(found).toEqual([{ email: 'Anna@example.com' }]);
  });
});
