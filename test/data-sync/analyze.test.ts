// data:analyze on migration scripts of several languages, written as users write them.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type AnalyzedScript, type DataAnalyzeReport, dataAnalyze } from '../../lib/commands/data-analyze.ts';
import { dataAnalyzeText } from '../../lib/report/data-analyze.ts';
import { run } from '../../lib/runner/main.ts';
import { failure } from '../failure.ts';

// The scripts end in .txt, so that no tool of this repository takes them for its own.
const root = mkdtempSync(join(tmpdir(), 'pgmage-scripts-'));
const stored = join(import.meta.dirname, 'scripts');
mkdirSync(join(root, 'scripts'));
for (const name of readdirSync(stored))
  copyFileSync(join(stored, name), join(root, 'scripts', name.replace(/\.txt$/, '')));
afterAll(() => rmSync(root, { recursive: true }));

async function analyzed(...paths: readonly string[]): Promise<DataAnalyzeReport> {
  return dataAnalyze(root, { paths: paths.map((one) => `scripts/${one}`) });
}

async function one(file: string): Promise<AnalyzedScript> {
  return (await analyzed(file)).scripts[0] as AnalyzedScript;
}

const writesIn = ({ writes }: AnalyzedScript) =>
  writes.map(({ table, how, line, guard }) => `${line} ${how} ${table} ${guard ?? '-'}`);

test('every verdict has its reason, with the line', async () => {
  const { scripts } = await analyzed('');
  expect(Object.fromEntries(scripts.map(({ file, verdict }) => [file, verdict]))).toEqual({
    'scripts/block.sql': 'not reusable',
    'scripts/clients.php': 'with changes',
    'scripts/customers.sql': 'reusable',
    'scripts/invoices.ts': 'not reusable',
    'scripts/load.sh': 'with changes',
    'scripts/orm.js': 'unknown',
    'scripts/products.py': 'not reusable',
    'scripts/schema.sql': 'no data',
    'scripts/seeds.rb': 'not reusable',
    'scripts/stock.go': 'reusable',
    'scripts/tags.sql': 'not reusable',
  });
  const reasons = Object.fromEntries(scripts.map((script) => [script.file, script.reasons.join('\n')]));
  expect(reasons['scripts/tags.sql']).toContain('line 1 reads helpers/functions.sql, which does not exist');
  expect(reasons['scripts/tags.sql']).toContain('line 3 reads tags.csv, which does not exist');
  expect(reasons['scripts/tags.sql']).toContain('line 2 truncates public.tags with CASCADE');
  expect(reasons['scripts/clients.php']).toContain('line 3 inserts into public.clients without a guard');
  expect(reasons['scripts/seeds.rb']).toContain('line 8 makes new ids by SecureRandom.uuid');
});

test('SQL files: statements, mappings, keys, casts, expressions, derived ids', async () => {
  const script = await one('customers.sql');
  expect(writesIn(script)).toEqual([
    '12 insert select migration.id_map ON CONFLICT',
    '17 insert select public.users ON CONFLICT',
    '28 insert select public.orders NOT EXISTS',
  ]);
  expect(script.reads).toEqual(['legacy.customers', 'migration.id_map', 'public.orders', 'legacy.orders']);
  expect(script.keys).toEqual({ 'migration.id_map': ['entity', 'legacy_id'], 'public.users': ['id'] });
  expect(script.mappings).toEqual([{ table: 'migration.id_map', old: 'legacy_id', new: 'uuid', line: 5 }]);
  expect(script.casts).toEqual([
    { what: 'timestamptz', line: 17 },
    { what: 'text', line: 28 },
  ]);
  expect(script.expressions.map(({ what }) => what)).toContain('email = lower(c.email)');
  expect(script.derivedIds).toEqual([{ what: 'uuid_generate_v5()', line: 28 }]);
  expect(script.unparsed).toEqual([]);
});

test('blocks of PL/pgSQL: the statements of the body, and EXECUTE of a text', async () => {
  const script = await one('block.sql');
  expect(writesIn(script)).toEqual(['6 insert values public.articles -', '8 update public.articles -']);
  expect(script.randomIds).toEqual([{ what: 'gen_random_uuid()', line: 6 }]);
  expect(script.unparsed).toEqual([{ line: 9, text: "EXECUTE format('ANALYZE %I', 'articles')" }]);
});

test('TypeScript: joined strings, templates with values, no comments or messages', async () => {
  const script = await one('invoices.ts');
  expect(writesIn(script)).toEqual([
    '16 insert values public.invoices ON CONFLICT',
    '21 update (a name that the program computes) -',
  ]);
  expect(script.selects).toEqual([{ what: 'billing.invoices', line: 10 }]);
  expect(script.randomIds).toEqual([{ what: 'randomUUID()', line: 14 }]);
  expect(script.unparsed).toEqual([]);
});

test('Python: neighbours, f-strings, parameters of psycopg, no docstrings', async () => {
  const script = await one('products.py');
  expect(writesIn(script)).toEqual([
    '17 insert values (a name that the program computes) -',
    '20 delete all shop.prices -',
  ]);
  expect(script.selects).toEqual([{ what: 'public.products', line: 13 }]);
  expect(script.randomIds).toEqual([{ what: 'uuid4()', line: 19 }]);
});

test('Go, PHP, Ruby and the shell: raw strings, heredocs, parameters', async () => {
  expect(writesIn(await one('stock.go'))).toEqual([
    '6 insert select stock.levels ON CONFLICT',
    '17 update stock.sites -',
  ]);
  const php = await one('clients.php');
  expect(writesIn(php)).toEqual([
    '3 insert select public.clients -',
    '5 merge public.accounts NOT EXISTS',
    '9 update public.accounts -',
  ]);
  expect(php.unparsed).toEqual([{ line: 10, text: "INSERT INTO accounts SET name = 'mysql style'" }]);
  expect(writesIn(await one('seeds.rb'))).toEqual([
    '4 insert select public.regions -',
    '8 insert values public.cities -',
  ]);
  expect(writesIn(await one('load.sh'))).toEqual([
    '4 insert select public.depots ON CONFLICT',
    '6 truncate (a name that the program computes) -',
  ]);
});

test('the proposal has targets, columns, ids and references; the rest is named', async () => {
  const { proposal } = await analyzed('customers.sql', 'clients.php', 'stock.go');
  expect(proposal.tables).toEqual({
    'legacy.customers': {
      to: 'public.users',
      columns: { name: 'full_name', email: 'lower(email)', joined: 'created_at::timestamptz' },
      ids: { table: 'migration.id_map', where: { entity: 'customer' }, old: 'legacy_id', new: 'uuid' },
    },
    'legacy.orders': {
      to: 'public.orders',
      columns: { user_id: { from: 'customer', ids: 'legacy.customers' } },
      ids: { derive: 'uuid_v5', namespace: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' },
    },
    'public.old_clients': { to: 'public.clients', ids: { column: 'legacy_id' } },
  });
  expect(proposal.notes).toContain(
    'scripts/stock.go:6: stock.levels has several rows of stock.movements in one; pgmage cannot compare these',
  );
});

test('--write writes a file that the compiler takes, once; --json prints the facts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-analyze-'));
  try {
    cpSync(join(root, 'scripts'), join(folder, 'old'), { recursive: true });
    const pgmage = async (...words: readonly string[]) => {
      const [out, log]: [string[], string[]] = [[], []];
      const code = await run({
        words,
        cwd: folder,
        variables: {},
        terminal: undefined,
        logsToTerminal: false,
        now: () => new Date(),
        print: (text) => out.push(text),
        log: (text) => log.push(text),
      });
      return { code, out: out.join('\n'), log: log.join('\n') };
    };
    const { code, out } = await pgmage('data:analyze', 'old/customers.sql', 'old/stock.go', '--write');
    expect(code).toBe(0);
    expect(out).toContain('2 scripts: 2 reusable.');
    expect(out).toContain('The proposal is in pgmage.data.ts');
    const text = readFileSync(join(folder, 'pgmage.data.ts'), 'utf8');
    writeFileSync(join(folder, 'read.mjs'), text.replace(/^import.*$/m, '').replace(/: DataConfig\S+/, ''));
    const read = `import('./read.mjs').then((own) => console.log(JSON.stringify(own.tables)))`;
    const tables: unknown = JSON.parse(execFileSync('node', ['-e', read], { cwd: folder, encoding: 'utf8' }));
    expect(tables).toHaveProperty(['legacy.customers', 'ids', 'where', 'entity'], 'customer');
    const again = await pgmage('data:analyze', 'old', '--write');
    expect(again).toMatchObject({ code: 1, log: expect.stringContaining('it exists already') });
    const json = await pgmage('data:analyze', 'old/tags.sql', '--json');
    expect(json.out).toContain('"verdict":"not reusable"');
    expect((await pgmage('data:analyze')).code).toBe(64);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a wrong path is named, and the report stays within the width', async () => {
  expect((await failure(analyzed('none.sql'))).code).toBe('missing_file');
  const text = dataAnalyzeText(await analyzed(''), { width: 80, colour: false, now: new Date(0) });
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
