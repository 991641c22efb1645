// Begins a project: its configuration and scripts and, where it has a database already, the schema of that.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { configEndings } from '../config/project.ts';
import { kinds } from '../kinds/index.ts';
import { isSupabase } from '../kinds/supabase.ts';
import { detectLayout, type Layout } from '../migration/layouts.ts';
import type { Catalog } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import { readMigrations } from '../project/migration-folder.ts';
import { withScripts } from '../project/package-scripts.ts';
import type { Project } from '../project/project.ts';
import { readSource } from '../project/source.ts';
import { readFile, shownPath } from '../project/sql-files.ts';
import { describeAddress } from '../project/target-address.ts';
import { openWorkspace, type Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { type PullReport, pull } from './pull.ts';

/** The options of `init`. */
export interface InitInput extends Pick<Consent, 'yes'> {
  /** The environment whose database is adopted; default: the configured one. */
  readonly env?: string;
  /** Do without a database. */
  readonly filesOnly?: boolean;
  /** Write an example of a task, too. */
  readonly tasks?: boolean;
}

/** The planned files and steps. */
export interface InitPlan {
  /** Files that are new, or get scripts. */
  readonly written: readonly string[];
  /** The scripts that package.json gets. */
  readonly scripts: readonly string[];
  /** The tool whose layout was found; null: pgmage's own. */
  readonly layout: string | null;
  /** The database; null: it was not asked for. */
  readonly database: {
    readonly name: string;
    readonly address: string;
    /**
     * `adopted`: its schema is written; `kept`: there is a schema already; `unrecorded`: so there is, but no
     * migration; the others have nothing to adopt.
     */
    readonly is: 'adopted' | 'kept' | 'unrecorded' | 'empty' | 'embedded' | 'unreachable';
    /** Why it is unreachable. */
    readonly reason: string | null;
  } | null;
  /** The protected environment of `--env`, which does not become the default one; null: it is none. */
  readonly guarded: string | null;
}

/** The report of `init`. */
export interface InitReport extends InitPlan {
  /** The report of the pulled schema. */
  readonly pulled: PullReport | null;
  /** The file with the database's URL that Git does not ignore; null: there is none. */
  readonly exposed: string | null;
  /** false: it was declined. */
  readonly done: boolean;
}

/**
 * Writes the files that a project needs and does not have yet.
 * @throws Problem `confirmation_needed`, `unwritable_file`, `program_migration`, `bad_migration`; of the
 * environment and of {@link pull}
 */
export async function init(workspace: Workspace, input: InitInput, ask: Ask<InitPlan>): Promise<InitReport> {
  const { target, database, catalog } = await look(workspace, input);
  const layout = workspace.project.layout ?? (await layoutOf(workspace.project, catalog));
  // A folder that no command can read is refused before anything is written.
  await readMigrations(withLayout(workspace.project, layout));
  // A command without --env would be about the protected database.
  const isGuarded = input.env !== undefined && (target?.protected ?? true);
  const files = await missing(workspace.project, { ...input, isGuarded }, layout);
  const plan: InitPlan = {
    written: files.map(({ file }) => file),
    scripts: files.flatMap(({ scripts = [] }) => scripts),
    layout: layout?.name ?? null,
    database,
    guarded: isGuarded && target !== null ? target.name : null,
  };
  const exposed = await findExposed(workspace.project);
  const rest = { ...plan, pulled: null, exposed };
  if (files.length === 0 && database?.is !== 'adopted') return { ...rest, done: true };
  if (!(await confirm({ what: 'init', plan, losses: [] }, input, ask))) return { ...rest, done: false };
  for (const { file, text } of files) {
    const path = join(workspace.project.root, file);
    await whileWriting(file, async () => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    });
  }
  const pulled = database?.is === 'adopted' ? await adopt(workspace, input, layout) : null;
  return { ...rest, pulled, done: true };
}

// .env often holds a password. The .gitignore of a folder above is not read.
async function findExposed({ root }: Project): Promise<string | null> {
  const isThere = (file: string) => existsSync(join(root, file));
  if (!isThere('.env') || !isThere('.git')) return null;
  const ignored = isThere('.gitignore') ? await readFile(root, join(root, '.gitignore')) : '';
  return /^[ \t]*\/?(\.env\*?|\.\*|\*)[ \t]*\r?$/m.test(ignored) ? null : '.env';
}

// The files that were just written say where the migrations are.
async function adopt(
  { project, world }: Workspace,
  { env }: InitInput,
  layout: Layout | null,
): Promise<PullReport> {
  const from = env === undefined ? {} : { env };
  await using workspace = openWorkspace(withLayout(project, layout), world);
  return pull(workspace, { ...from, ...(layout === null ? { baseline: true } : {}) }, undefined);
}

/** The environment that was asked for, and the content of its database. */
interface Look {
  readonly target: Target | null;
  readonly database: InitPlan['database'];
  readonly catalog: Catalog | null;
}

async function look(workspace: Workspace, { env, filesOnly }: InitInput): Promise<Look> {
  const { world } = workspace;
  if (filesOnly) {
    const target = env === undefined ? null : await world.environment(env).catch(() => null);
    return { target, database: null, catalog: null };
  }
  const target = await world.environment(env);
  const told = { name: target.name, address: describeAddress(workspace.project, target), reason: null };
  if (target.url === null) return { target, database: { ...told, is: 'embedded' }, catalog: null };
  try {
    const catalog = await readSource(workspace, target.name);
    const usual = emptyCatalog(catalog.major, kinds).facts;
    const own = [...withoutUnmanaged(workspace.project, catalog).facts.values()];
    const isEmpty = own.every(({ id, parent }) => parent !== null || usual.has(id));
    const is = isEmpty
      ? 'empty'
      : !hasSchema(workspace.project)
        ? 'adopted'
        : (await hasMigrations(workspace.project))
          ? 'kept'
          : 'unrecorded';
    return { target, database: { ...told, is }, catalog };
  } catch (thrown) {
    // The files can be written without the database.
    if (!(thrown instanceof Problem) || !('detail' in thrown.data) || 'sqlstate' in thrown.data) throw thrown;
    const reason = `${thrown.message}: ${thrown.data.detail}`;
    return { target, database: { ...told, is: 'unreachable', reason }, catalog: null };
  }
}

const hasSchema = ({ schema, schemaSources }: Project) => schemaSources !== undefined || existsSync(schema);

const listFolder = ({ migrations }: Project) =>
  readdir(migrations, { recursive: true }).catch((): string[] => []);

async function hasMigrations(project: Project): Promise<boolean> {
  return (await listFolder(project)).some((path) => path.endsWith('.sql'));
}

async function layoutOf(project: Project, catalog: Catalog | null): Promise<Layout | null> {
  const { layouts } = await import('../migration/layouts.ts');
  if (catalog !== null && isSupabase(catalog)) return layouts.supabase;
  const paths = await listFolder(project);
  const first = paths.filter((path) => path.endsWith('.sql')).sort()[0];
  const text = first === undefined ? '' : await readFile(project.root, join(project.migrations, first));
  return detectLayout({ paths: paths.map((path) => path.replaceAll('\\', '/')), text });
}

const withLayout = (project: Project, layout: Layout | null): Project =>
  layout === null ? project : { ...project, layout, migrations: folderOf(project, layout) };

function folderOf({ root, migrations }: Project, layout: Layout): string {
  return existsSync(migrations) ? migrations : join(root, layout.folder);
}

type FileInput = InitInput & { readonly isGuarded: boolean };

/** A file that is not there, or not as it is to be. */
interface Missing {
  readonly file: string;
  readonly text: string;
  readonly scripts?: readonly string[];
}

async function missing(project: Project, input: FileInput, layout: Layout | null): Promise<Missing[]> {
  const { root } = project;
  const found: Missing[] = [];
  const add = (file: string, text: string) => {
    if (!existsSync(join(root, file))) found.push({ file, text });
  };
  const configs = configEndings.map((ending) => `pgmage.config.${ending}`);
  if (!configs.some((file) => existsSync(join(root, file))))
    add('pgmage.config.ts', configText(project, input, layout));
  if (existsSync(join(root, 'package.json'))) {
    const before = await readFile(root, join(root, 'package.json'));
    const { text, added } = withScripts(before, scriptsFor(layout));
    if (added.length > 0) found.push({ file: 'package.json', text, scripts: added });
  }
  if (layout === null) add(`${shownPath(root, project.migrations)}/README.md`, folderText);
  if (input.tasks) add('tasks/example.ts', taskText);
  return found;
}

// Without the commands that refuse migrations of another tool, and db:push: that tool would run the migration
// again which db:generate writes of pushed changes.
function scriptsFor(layout: Layout | null): Record<string, string> {
  const refused =
    layout === null ? [] : ['sync', 'rollback', 'push', ...(layout.written ? [] : ['generate'])];
  const names = 'status diff generate sync rollback verify history pull push watch'.split(' ');
  return Object.fromEntries(
    names.filter((name) => !refused.includes(name)).map((name) => [`db:${name}`, `pgmage db:${name}`]),
  );
}

function configText(project: Project, { env, isGuarded }: FileInput, layout: Layout | null): string {
  const { root, schema } = project;
  const folder = layout === null ? project.migrations : folderOf(project, layout);
  const fields = {
    schema: shownPath(root, schema),
    ...(shownPath(root, folder) === (layout?.folder ?? 'migrations')
      ? {}
      : { migrations: shownPath(root, folder) }),
    ...(layout === null ? {} : { layout: layout.name }),
    ...(env === undefined || isGuarded ? {} : { environment: env }),
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

\`npx pgmage db:generate\` writes these files and \`npx pgmage db:sync\` applies them.
Do not edit a file that has a header of comments.
The format is described in \`node_modules/pgmage/docs/reference/migration-format.md\`.
`;

const taskText = `/** Says hello: \`npx pgmage example:hello --name you\`. */
export function hello(_context: unknown, options: { name?: string } = {}) {
  return \`Hello, \${options.name ?? 'world'}\`;
}
`;
