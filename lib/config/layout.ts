// The tool whose migration layout a project follows.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { getLayout, type Layout, layouts } from '../migration/layouts.ts';
import type { Config } from './config.ts';

/**
 * Finds the layout: from the configuration, else from the folder names of the project; null: pgmage's own.
 */
export function findLayout(root: string, { layout, migrations }: Config): Layout | null {
  if (layout !== undefined) return getLayout(layout);
  const isThere = (path: string) => existsSync(join(root, path));
  const folder = migrations ?? 'migrations';
  if (isThere(join(folder, 'committed'))) return layouts['graphile-migrate'];
  if (isThere(join(folder, 'migration_lock.toml'))) return layouts.prisma;
  if (migrations !== undefined || isThere(folder)) return null;
  const usual = [layouts.supabase, layouts.prisma, layouts.dbmate];
  return usual.find((one) => isThere(one.folder)) ?? null;
}
