// Begins a project: its configuration and scripts and, where it has a database already, the schema of that.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { kinds } from '../kinds/index.ts';
import { isOfSupabase } from '../kinds/supabase.ts';
import { type Layout, recognised } from '../migration/layouts.ts';
import type { Catalog } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import { writing } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, agreed, type Consent } from '../project/confirmation.ts';
import type { Context } from '../project/context.ts';
import { managed } from '../project/ignore.ts';
import { withScripts } from '../project/package-scripts.ts';
import { addressOf, readSource } from '../project/source.ts';
import { readFile, shownPath } from '../project/sql-files.ts';
import { type PullReport, pull } from './pull.ts';

/** What is asked. */
export interface InitInput extends Pick<Consent, 'yes'> {
  /** The environment whose database is adopted; default: the configured one. */
  readonly env?: string;
  /** Do without a database. */
  readonly filesOnly?: boolean;
  /** Write an example of a task, too. */
  readonly tasks?: boolean;
}

/** What is going to be done. */
export interface InitPlan {
  /** Files that are new, or get scripts. */
  readonly written: readonly string[];
  /** The scripts that package.json gets. */
  readonly scripts: readonly string[];
  /** Whose way of keeping migrations was found; null: pgmage's own. */
  readonly layout: string | null;
  /** The database; null: nobody asked for it. */
  readonly database: {
    readonly name: string;
    readonly address: string;
    /** `adopted`: its schema is written; `kept`: there is a schema already; the others have nothing to adopt. */
    readonly is: 'adopted' | 'kept' | 'empty' | 'embedded' | 'unreachable';
    /** Why it is unreachable. */
    readonly reason: string | null;
  } | null;
}

/** What was done. */
export interface InitReport extends InitPlan {
  /** What came of the schema of the database. */
  readonly pulled: PullReport | null;
  /** false: it was declined. */
  readonly done: boolean;
}

/**
 * Writes what a project needs to begin and does not have yet.
 * @throws Problem `confirmation_needed`, `unwritable_file`, of the environment and of {@link pull}
 */
export async function init(context: Context, input: InitInput, ask: Ask<InitPlan>): Promise<InitReport> {
  const { database, catalog } = await look(context, input);
  const layout = context.layout ?? (await layoutOf(context, catalog));
  const files = await missing(context, input, layout);
  const plan: InitPlan = {
    written: files.map(({ file }) => file),
    scripts: files.flatMap(({ scripts = [] }) => scripts),
    layout: layout?.name ?? null,
    database,
  };
  if (files.length === 0 && database?.is !== 'adopted') return { ...plan, pulled: null, done: true };
  if (!(await agreed('init', plan, [], input, ask))) return { ...plan, pulled: null, done: false };
  for (const { file, text } of files) {
    const path = join(context.root, file);
    await writing(file, async () => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    });
  }
  const own = layout === null ? context : { ...context, layout, migrations: folderOf(context, layout) };
  const env = input.env === undefined ? {} : { env: input.env };
  const pulled =
    database?.is === 'adopted'
      ? await pull(own, { ...env, ...(layout === null ? { baseline: true } : {}) }, undefined)
      : null;
  return { ...plan, pulled, done: true };
}

async function look(
  context: Context,
  { env, filesOnly }: InitInput,
): Promise<{ database: InitPlan['database']; catalog: Catalog | null }> {
  if (filesOnly) return { database: null, catalog: null };
  const target = await context.environment(env);
  const told = { name: target.name, address: addressOf(context, target), reason: null };
  if (target.url === null) return { database: { ...told, is: 'embedded' }, catalog: null };
  try {
    const catalog = await readSource(context, target.name);
    const usual = emptyCatalog(catalog.major, kinds).facts;
    const own = [...managed(context, catalog).facts.values()];
    const isEmpty = own.every(({ id, parent }) => parent !== null || usual.has(id));
    const is = isEmpty ? 'empty' : existsSync(context.schema) ? 'kept' : 'adopted';
    return { database: { ...told, is }, catalog };
  } catch (thrown) {
    // Files can be written all the same.
    if (!(thrown instanceof Problem) || !('detail' in thrown.data) || 'sqlstate' in thrown.data) throw thrown;
    return { database: { ...told, is: 'unreachable', reason: thrown.message }, catalog: null };
  }
}

async function layoutOf(context: Context, catalog: Catalog | null): Promise<Layout | null> {
  const { layouts } = await import('../migration/layouts.ts');
  if (catalog !== null && isOfSupabase(catalog)) return layouts.supabase;
  const paths = await readdir(context.migrations, { recursive: true }).catch(() => []);
  const first = paths.filter((path) => path.endsWith('.sql')).sort()[0];
  const text = first === undefined ? '' : await readFile(context.root, join(context.migrations, first));
  return recognised({ paths: paths.map((path) => path.replaceAll('\\', '/')), text });
}

function folderOf({ root, migrations }: Context, layout: Layout): string {
  return existsSync(migrations) ? migrations : join(root, layout.folder);
}

/** A file that is not there, or not as it is to be. */
interface Missing {
  readonly file: string;
  readonly text: string;
  readonly scripts?: readonly string[];
}

async function missing(context: Context, input: InitInput, layout: Layout | null): Promise<Missing[]> {
  const { root } = context;
  const found: Missing[] = [];
  const add = (file: string, text: string) => {
    if (!existsSync(join(root, file))) found.push({ file, text });
  };
  const configs = ['ts', 'mts', 'js', 'mjs'].map((ending) => `pgmage.config.${ending}`);
  if (!configs.some((file) => existsSync(join(root, file))))
    add('pgmage.config.ts', configText(context, input, layout));
  if (existsSync(join(root, 'package.json'))) {
    const before = await readFile(root, join(root, 'package.json'));
    const { text, added } = withScripts(before, scripts);
    if (added.length > 0) found.push({ file: 'package.json', text, scripts: added });
  }
  if (layout === null) add(`${shownPath(root, context.migrations)}/README.md`, folderText);
  if (input.tasks) add('tasks/example.ts', taskText);
  return found;
}

const scripts = Object.fromEntries(
  'status diff generate sync rollback verify history pull'
    .split(' ')
    .map((name) => [`db:${name}`, `pgmage db:${name}`]),
);

function configText(context: Context, { env }: InitInput, layout: Layout | null): string {
  const { root, schema } = context;
  const folder = layout === null ? context.migrations : folderOf(context, layout);
  const fields = {
    schema: shownPath(root, schema),
    ...(shownPath(root, folder) === (layout?.folder ?? 'migrations')
      ? {}
      : { migrations: shownPath(root, folder) }),
    ...(layout === null ? {} : { layout: layout.name }),
    ...(env === undefined ? {} : { environment: env }),
  };
  const lines = Object.entries(fields).map(
    ([name, value]) => `  ${name}: '${value.replace(/['\\]/g, '\\$&')}',\n`,
  );
  // Run by npx alone, there is no package to import from.
  return isInstalled(root)
    ? `import { defineConfig } from 'pgmage';\n\nexport default defineConfig({\n${lines.join('')}});\n`
    : `export default {\n${lines.join('')}};\n`;
}

function isInstalled(root: string): boolean {
  try {
    createRequire(join(root, 'package.json')).resolve('pgmage/package.json');
    return true;
  } catch {
    return false;
  }
}

const folderText = `# Migrations

\`npx pgmage db:generate\` writes these files and \`npx pgmage db:sync\` applies them. Do not edit a file that has a header of
comments. The format is described in \`node_modules/pgmage/migrations/README.md\`.
`;

const taskText = `/** Says hello: \`npx pgmage example:hello --name you\`. */
export function hello(_context: unknown, options: { name?: string } = {}) {
  return \`Hello, \${options.name ?? 'world'}\`;
}
`;
