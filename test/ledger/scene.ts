// What faults are tried on: three migrations, the second outside of any transaction, and databases that they
// are applied to.
import { rm } from 'node:fs/promises';
import { expect, vi } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import { readTargetState } from '../../lib/migrate/target-state.ts';
import { withTarget } from '../../lib/project/source.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { freshCache } from '../project/cache.ts';
import { migrationsOf, type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, rowsOf } from '../servers/databases.ts';

/** What `sync` and `rollback` need to go ahead. */
export const consent = { yes: true, force: true };

/** A project and its databases. */
export interface Scene {
  readonly own: Project;
  /** The project with the database of a URL as its environment. */
  at(url: string): Workspace;
  /** Expects a database to be as some recorded step left it, or its ledger to say what broke off. */
  isRecorded(database: Database): Promise<void>;
  /** Expects the same, and the next db:sync to end at the schema with all migrations in the ledger. */
  recovers(database: Database): Promise<void>;
  drop(): Promise<void>;
}

const first = `create type mood as enum ('sad'); create table users (id bigint primary key);`;
const second = `create type mood as enum ('sad', 'ok', 'glad');
  create table users (id bigint primary key, mood mood default 'glad'); create index on users (mood);`;

/** Makes a scene. */
export async function scene(): Promise<Scene> {
  const cache = await freshCache();
  const own = project(null, cache);
  for (const schema of [first, second]) {
    own.want(schema);
    await generate(own.context);
  }
  expect(own.files()).toHaveLength(4);
  return sceneOf(own, async () => {
    own.drop();
    await rm(cache, { recursive: true });
  });
}

/** A project that has its schema and migrations already as a scene. */
export function sceneOf(own: Project, drop: () => Promise<void>): Scene {
  const at = (url: string): Workspace =>
    derive(own.context, { environment: async () => ({ name: 'local', url, protected: false }) });
  const isRecorded = async (database: Database) => {
    // The server notices that its client is gone when it wants to read from it.
    const others = `select from pg_stat_activity where datname = current_database()
      and pid <> pg_backend_pid()
      and backend_type = 'client backend'`;
    await vi.waitFor(async () => expect(await rowsOf(database.url, others)).toEqual([]), 10_000);
    const context = at(database.url);
    const files = await migrationsOf(own);
    const { standing, drift } = await withTarget(context, await context.world.environment(), (connection) =>
      readTargetState(context, connection, files),
    );
    expect(standing.faults).toEqual([]);
    if (standing.unfinished === null)
      expect(drift?.changes.map(({ text }) => text) ?? ['no ledger']).toEqual([]);
  };
  const recovers = async (database: Database) => {
    await isRecorded(database);
    await sync(at(database.url), consent, undefined);
    expect((await compare(at(database.url), 'local', own.context.project.schema)).same).toBe(true);
    const applied = await rowsOf(database.url, 'select name from pgmage.schema_migrations');
    expect(applied).toHaveLength(own.files().length);
  };
  return { own, at, isRecorded, recovers, drop };
}
