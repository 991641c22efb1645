// A folder for backups, and databases that are backed up and restored.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupInput, backup } from '../../lib/commands/backup.ts';
import { findClients } from '../../lib/flow/client.ts';
import { type Digest, digestRelations } from '../../lib/flow/digest.ts';
import type { Format } from '../../lib/flow/formats.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import type { Target } from '../../lib/project/world.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query, type Server } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

/** Servers under test that a pg_dump at hand is new enough for. What does not run for want of one is said. */
export async function dumpable(what: string): Promise<Server[]> {
  const [newest] = await findClients();
  const fits = ({ major }: Server) => newest !== undefined && newest.major >= major;
  for (const { major } of servers().filter((server) => !fits(server)))
    process.stdout.write(
      `NOT RUN on PostgreSQL ${major}: ${what}. The newest pg_dump here is ${newest?.version ?? 'none'}.\n`,
    );
  return servers().filter(fits);
}

/** A way to back a server up. */
export interface Way {
  readonly server: Server;
  readonly engine: 'pg_dump' | 'native';
  readonly major: number;
  /** Left out: the one that is usual for it. */
  readonly format?: Format;
}

/** The first of each way, where it does not matter of which server a dump is. */
export async function oneOfEach(what: string): Promise<(Way & { readonly format: Format })[]> {
  const all = await ways(what);
  const formats = ['native', 'custom', 'directory', 'plain'] as const;
  return formats.flatMap((format) => {
    const way = all.find(({ engine }) => (engine === 'native') === (format === 'native'));
    return way === undefined ? [] : [{ ...way, format }];
  });
}

/** Every server by pgmage's own means, and by pg_dump where one at hand is new enough. */
export async function ways(what: string): Promise<Way[]> {
  const of = (engine: Way['engine']) => (server: Server) => ({ server, engine, major: server.major });
  return [...servers().map(of('native')), ...(await dumpable(what)).map(of('pg_dump'))];
}

/** What a try ends with that would be made again: no test waits. */
export const triedAgain = 'interrupted';

/** A project whose environments are URLs by their names. */
export function backupProject(environments: Readonly<Record<string, string>>): {
  readonly context: Workspace;
  readonly folder: string;
  drop(): void;
} {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-backup-'));
  let clock = Date.UTC(2026, 10, 20, 9, 30);
  const members = {
    root,
    schema: join(root, 'schema.sql'),
    migrations: join(root, 'migrations'),
    cacheDir: join(root, 'cache'),
    embedded: join(root, 'database'),
    shadow: null,
    version: 'test',
    environment: async (name = 'prod'): Promise<Target> => ({
      name,
      url: environments[name] ?? null,
      protected: name === 'prod',
    }),
    now: () => {
      clock += 1000;
      return new Date(clock);
    },
    progress: () => undefined,
    pause: async () => {
      throw new Problem(triedAgain, { state: 'It is not tried again.' });
    },
  };
  const context = openWorkspace(members, members);
  return {
    context,
    folder: join(root, 'backups'),
    drop: () => {
      void context[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A database, and a backup of it in the folder of a project of which it is `prod`. */
export interface BackedUp {
  readonly database: Database;
  readonly own: ReturnType<typeof backupProject>;
  /** The project's environments. */
  readonly urls: Record<string, string>;
  /** The dump, relative to the project, and its path. */
  readonly file: string;
  readonly path: string;
  drop(): Promise<void>;
}

/** Makes them. @param sql what the database holds */
export async function backedUp(server: Server, sql: string, how: BackupInput): Promise<BackedUp> {
  const database = await freshDatabase(server);
  await query(database.url, sql);
  const urls: Record<string, string> = { prod: database.url };
  const own = backupProject(urls);
  const { file } = await backup(own.context, how);
  const drop = async () => {
    own.drop();
    await database.drop();
  };
  return { database, own, urls, file, path: join(own.context.project.root, file), drop };
}

/** What a database holds. */
export async function digest(url: string): Promise<Digest[]> {
  const connection = await userSession({ url, applicationName: 'pgmage tests' });
  try {
    return await snapshot(connection, (held) => digestRelations(held));
  } finally {
    await connection.close();
  }
}
