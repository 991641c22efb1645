// Two databases of some SQL, made equal.
import { expect } from 'vitest';
import { type DataSyncInput, type DataSyncReport, dataSync } from '../../lib/commands/data-sync.ts';
import type { DataConfig } from '../../lib/config/data.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import type { Server } from '../servers/server.ts';

/** What a sync starts from. */
export interface Synced {
  /** SQL for both sides. */
  readonly both?: string;
  readonly source?: string;
  readonly target?: string;
  readonly input?: DataSyncInput;
  readonly data?: DataConfig;
  /** Default: the newest version on both sides. */
  readonly way?: { readonly from: Server; readonly to: Server };
}

/** Both databases, and a function that makes the target equal. */
export interface SyncedPair {
  readonly source: Database;
  readonly target: Database;
  sync(input?: DataSyncInput): Promise<DataSyncReport>;
}

/** Lends two databases that SQL makes. */
export function withSynced<T>(
  { both = '', source = '', target = '', input = {}, way = { from: newest, to: newest }, ...project }: Synced,
  use: (pair: SyncedPair) => Promise<T>,
): Promise<T> {
  return withPair(way.from, way.to, async (here, there) => {
    await rowsOf(here.url, `${both}; ${source}`);
    await rowsOf(there.url, `${both}; ${target}`);
    return use({
      source: here,
      target: there,
      async sync(more = {}) {
        await using workspace = contextOf(here.url, there.url, project);
        const options = { from: 'source', to: 'target', yes: true, ...input, ...more };
        return dataSync(workspace, options, undefined);
      },
    });
  });
}

/** Counts of each table that changed, as `inserted/updated/deleted`. */
export const listChanges = ({ run }: DataSyncReport): Record<string, string> =>
  Object.fromEntries(
    (run?.tables ?? [])
      .filter(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
      .map(({ name, inserted, updated, deleted }) => [name, `${inserted}/${updated}/${deleted}`]),
  );

/** Waits until pgmage waits for a lock in a database. */
export const waitsForLock = (url: string) =>
  expect
    .poll(
      () =>
        rowsOf(
          url,
          `select 1 as one from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'pgmage'
             and datname = current_database()`,
        ),
      { timeout: 20_000 },
    )
    .toHaveLength(1);
