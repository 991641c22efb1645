// A project in a folder of its own, as operations see it.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMigrations } from '../../lib/project/migration-folder.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import type { Target, World } from '../../lib/project/world.ts';
import { freshCache } from './cache.ts';
import { openSharing } from './shared-shadows.ts';
import { derive, type Members, needsOwnShadows } from './workspace.ts';

/** A project with a schema, a folder of migrations and one environment. */
export interface Project {
  readonly context: Workspace;
  /** Says what the schema is to be. */
  want(schema: string): void;
  /** Names of the files in the folder of migrations. */
  files(): string[];
  read(file: string): string;
  write(file: string, text: string): void;
  remove(file: string): void;
  /** Begins anew, with an empty folder of migrations. */
  clear(): void;
  drop(): void;
}

/**
 * Makes a project. What needs a shadow shares one, also with other projects that have its cache folder.
 * @param url where its environment `local` is; null: embedded
 * @param cacheDir shared by all projects of a test file, so that its shadow is made once
 * @param more what is otherwise in its context
 */
export function project(
  url: string | null,
  cacheDir: string,
  more: (root: string) => Members = () => ({}),
): Project {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-migrations-'));
  const folder = join(root, 'migrations');
  const schema = join(root, 'schema.sql');
  let clock = Date.UTC(2026, 0, 1);
  const given = more(root);
  const members = {
    root,
    schema,
    migrations: folder,
    cacheDir,
    embedded: join(root, 'database'),
    shadow: null,
    version: 'test',
    environment: async (name = 'local'): Promise<Target> => ({ name, url, protected: false }),
    now: () => {
      clock += 60_000;
      return new Date(clock);
    },
    progress: () => undefined,
    ...given,
  };
  const context = needsOwnShadows(given) ? openWorkspace(members, members) : openSharing(members);
  return {
    context,
    want: (text) => writeFileSync(schema, text),
    files: () => readdirSync(folder).sort(),
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    write: (file, text) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    remove: (file) => rmSync(join(folder, file)),
    clear: () => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    },
    drop: () => {
      void context[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The migrations of a project, as they are read. */
export const migrationsOf = ({ context }: Project) => readMigrations(context.project);

/** Lends a project and removes it afterwards. */
export async function withProject<T>(
  url: string | null,
  cacheDir: string,
  use: (own: Project) => Promise<T>,
): Promise<T> {
  const own = project(url, cacheDir);
  try {
    return await use(own);
  } finally {
    own.drop();
  }
}

/**
 * Makes a project whose shadow is kept until it is dropped: many steps share one.
 * @param url where its environment is at the moment
 */
export async function projectWithShadow(
  url: () => string,
  more: Members = {},
): Promise<{ own: Project; context: Workspace; drop(): Promise<void> }> {
  const cache = await freshCache();
  const own = project(null, cache);
  const environment: World['environment'] = async () => ({ name: 'local', url: url(), protected: false });
  const context = derive(own.context, { environment, ...more });
  return {
    own,
    context,
    drop: async () => {
      await context[Symbol.asyncDispose]();
      own.drop();
      await rm(cache, { recursive: true });
    },
  };
}
