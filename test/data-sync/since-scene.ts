// Two databases, and a table of which a sync compares changed rows alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataSyncInput, type DataSyncReport, dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import type { DataConfig } from '../../lib/config/data.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { type Database, rowsOf } from '../servers/databases.ts';

/** A table with old times. */
export const table = `create table t (id int primary key, v text, updated_at timestamptz not null default now());
  insert into t select n, 'v' || n, '2026-01-01' from generate_series(1, 300) n`;
/** All rows of it. */
export const all = 'select id, v from t order by id';

/** The since of a configuration. */
export type Since = 'xmin' | { readonly column: string };
/** Both forms. */
export const forms: readonly (readonly [name: string, since: Since])[] = [
  ['a column', { column: 'updated_at' }],
  ['xmin', 'xmin'],
];

/** Two databases of a project. */
export interface Scene {
  readonly source: Database;
  readonly target: Database;
  sync(input?: DataSyncInput, data?: DataConfig): Promise<DataSyncReport>;
  undo(report: DataSyncReport): Promise<void>;
}

/** A configuration for the table. */
export const config = (since: Since, more = {}): DataConfig => ({ tables: { t: { since, ...more } } });

/** Lends two databases with the same rows. */
export async function withScene(
  sql: string,
  data: DataConfig,
  use: (scene: Scene) => Promise<void>,
  [from, to] = [newest, newest],
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-since-'));
  try {
    await withPair(from, to, async (source, target) => {
      for (const { url } of [source, target]) await rowsOf(url, sql);
      await use({
        source,
        target,
        async sync(input = {}, own = data) {
          await using workspace = contextOf(source.url, target.url, { root, data: own });
          return dataSync(workspace, { from: 'source', to: 'target', yes: true, ...input }, undefined);
        },
        async undo({ run }) {
          await using workspace = contextOf(source.url, target.url, { root, data });
          await dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true }, undefined);
        },
      });
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** What a run has compared: `part`, or the reason for all rows. */
export const howOf = ({ tables }: DataSyncReport): string => {
  const since = tables.find(({ name }) => name === 'public.t')?.since;
  return since === undefined ? 'without since' : (since.reason ?? 'part');
};
