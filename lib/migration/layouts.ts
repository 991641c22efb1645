// Migration folders of other tools: their layout, the place of the way up, and their record of applied files.
import { splitParts, type TextRange } from './parts.ts';
import type { Transaction } from './text.ts';

/** The tools whose migration folders pgmage reads. */
export type LayoutName = 'pgmage' | 'node-pg-migrate' | 'dbmate' | 'graphile-migrate' | 'supabase' | 'prisma';

/** The file format of a tool that pgmage writes for. */
export interface LayoutFiles {
  path(name: string): string;
  text(up: string, down: string | null, transaction: Transaction): string;
  /**
   * A file can say that it runs outside of a transaction. The tool sends it whole, which is one transaction
   * again where there is more than one statement. Left out: all files run in a transaction.
   */
  readonly outside?: true;
}

/** One of these ways. */
export interface Layout {
  readonly name: LayoutName;
  /** The command that applies the migrations. */
  readonly tool: string;
  /** The command that does. */
  readonly command: string;
  /** The tool's default folder. */
  readonly folder: string;
  /** The path inside the folder → the migration's name; null: it is none. */
  nameOf(path: string): string | null;
  /** The part of a text that leads forward. */
  up(text: string): TextRange;
  /** The text as SQL, as long as before. */
  plain?(text: string): string;
  /** The name and text of a new file; left out where pgmage does not write for the tool. */
  written?: LayoutFiles;
  /** The table of applied migrations, and a query for them with one column `name`. */
  readonly ledger: { readonly table: string; readonly query: string };
  /** The tool's own objects, which are not part of a user's schema. */
  readonly ignore: { readonly schemas: readonly string[]; readonly objects: readonly string[] };
}

const whole = (text: string): TextRange => ({ start: 0, end: text.length });
const sql = (path: string) => (/^\d[^/]*\.sql$/.test(path) ? path.slice(0, -'.sql'.length) : null);
const table = (name: string) => ({ schemas: [], objects: [`public.${name}`, `public.${name}_*`] });

// From its marker to the other one or to the end (source: README of dbmate, "Migration files").
function dbmateUp(text: string): TextRange {
  const up = /^--\s*migrate:up.*$/m.exec(text);
  if (up === null) return { start: 0, end: 0 };
  const start = up.index + up[0].length;
  const down = /^--\s*migrate:down/m.exec(text.slice(start));
  return { start, end: down === null ? text.length : start + down.index };
}

// Source: README of dbmate, "Migration options".
const outside = (way: 'up' | 'down', transaction: Transaction) =>
  transaction === 'both' || transaction === way ? '' : ' transaction:false';

/** The ways of other tools, by name. */
export const layouts: Readonly<Record<Exclude<LayoutName, 'pgmage'>, Layout>> = {
  'node-pg-migrate': {
    name: 'node-pg-migrate',
    tool: 'node-pg-migrate',
    command: 'node-pg-migrate up',
    folder: 'migrations',
    nameOf: sql,
    up: (text) => splitParts(text).up,
    written: {
      path: (name) => `${name}.sql`,
      text: (up, down) =>
        `-- Up Migration\n\n${up}\n${down === null ? '' : `\n-- Down Migration\n\n${down}\n`}`,
    },
    ledger: { table: 'public.pgmigrations', query: 'select name::text from public.pgmigrations' },
    ignore: table('pgmigrations'),
  },
  dbmate: {
    name: 'dbmate',
    tool: 'dbmate',
    command: 'dbmate up',
    folder: 'db/migrations',
    nameOf: sql,
    up: dbmateUp,
    written: {
      path: (name) => `${name}.sql`,
      text: (up, down, transaction) =>
        `-- migrate:up${outside('up', transaction)}\n\n${up}\n\n` +
        `-- migrate:down${outside('down', transaction)}\n${down === null ? '' : `\n${down}\n`}`,
      outside: true,
    },
    ledger: {
      table: 'public.schema_migrations',
      query: 'select version::text as name from public.schema_migrations',
    },
    ignore: table('schema_migrations'),
  },
  'graphile-migrate': {
    name: 'graphile-migrate',
    tool: 'graphile-migrate',
    command: 'graphile-migrate migrate',
    folder: 'migrations',
    nameOf: (path) => /^committed\/(\d{6}[^/]*)\.sql$/.exec(path)?.[1] ?? null,
    up: whole,
    // Placeholders such as :DATABASE_NAME are replaced by names.
    plain: (text) => text.replace(/(?<![:\w]):(?=[A-Z][A-Z0-9_]+\b)/g, '_'),
    ledger: {
      table: 'graphile_migrate.migrations',
      query: `select regexp_replace(filename, '\\.sql$', '') as name from graphile_migrate.migrations`,
    },
    ignore: { schemas: ['graphile_migrate'], objects: [] },
  },
  supabase: {
    name: 'supabase',
    tool: 'the Supabase CLI',
    command: 'supabase db push',
    folder: 'supabase/migrations',
    nameOf: sql,
    up: whole,
    written: { path: (name) => `${name}.sql`, text: (up) => `${up}\n` },
    ledger: {
      table: 'supabase_migrations.schema_migrations',
      query: 'select version::text as name from supabase_migrations.schema_migrations',
    },
    ignore: { schemas: ['supabase_migrations'], objects: [] },
  },
  prisma: {
    name: 'prisma',
    tool: 'Prisma',
    command: 'prisma migrate deploy',
    folder: 'prisma/migrations',
    nameOf: (path) => /^(\d[^/]*)\/migration\.sql$/.exec(path)?.[1] ?? null,
    up: whole,
    written: { path: (name) => `${name}/migration.sql`, text: (up) => `${up}\n` },
    ledger: {
      table: 'public._prisma_migrations',
      query: `select migration_name::text as name from public._prisma_migrations
        where finished_at is not null and rolled_back_at is null`,
    },
    ignore: table('_prisma_migrations'),
  },
};

/** The layout of that name; null: pgmage's own. */
export function getLayout(name: LayoutName): Layout | null {
  return name === 'pgmage' ? null : layouts[name];
}

/** The parts of a migration folder that identify its tool. */
export interface LayoutTraces {
  /** Paths inside the folder. */
  readonly paths: readonly string[];
  /** The text of its first `.sql` file. */
  readonly text: string;
}

/** The layout of a migration folder by its content; null: unknown, or pgmage's own. */
export function detectLayout({ paths, text }: LayoutTraces): Layout | null {
  if (paths.includes('migration_lock.toml')) return layouts.prisma;
  if (paths.some((path) => layouts['graphile-migrate'].nameOf(path) !== null))
    return layouts['graphile-migrate'];
  if (/^--\s*migrate:up/m.test(text)) return layouts.dbmate;
  const sealed = /^-- Checksum: [0-9a-f]{64}$/m.test(text);
  return /^\s*--[\s-]*up\s+migration/im.test(text) && !sealed ? layouts['node-pg-migrate'] : null;
}
