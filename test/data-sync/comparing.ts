// Two databases of some SQL, compared.
import { type DataDiffInput, type DataDiffReport, dataDiff } from '../../lib/commands/data-diff.ts';
import type { DataConfig } from '../../lib/config/data.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import type { Server } from '../servers/server.ts';

/** What a comparison starts from. */
export interface Compared {
  /** SQL for both sides. */
  readonly both?: string;
  readonly source?: string;
  readonly target?: string;
  readonly input?: DataDiffInput;
  readonly data?: DataConfig;
  readonly masks?: Readonly<Record<string, string>>;
  readonly ignore?: { readonly schemas: readonly string[]; readonly objects: readonly string[] };
  /** Default: the newest version on both sides. */
  readonly way?: { readonly from: Server; readonly to: Server };
}

/** Compares two databases that SQL makes. */
export function compared({
  both = '',
  source = '',
  target = '',
  input = {},
  way = { from: newest, to: newest },
  ...project
}: Compared): Promise<DataDiffReport> {
  return withPair(way.from, way.to, async (here, there) => {
    await rowsOf(here.url, `${both}; ${source}`);
    await rowsOf(there.url, `${both}; ${target}`);
    return dataDiff(contextOf(here.url, there.url, project), { from: 'source', to: 'target', ...input });
  });
}

/** Counts of each table, as `missing/changed/extra`. */
export const listCounts = ({ tables }: DataDiffReport): Record<string, string> =>
  Object.fromEntries(
    tables.map(({ name, missing, changed, extra }) => [name, `${missing}/${changed}/${extra}`]),
  );

/** Notes, as `verdict what: reason`. */
export const listNotes = ({ notes }: DataDiffReport): string[] =>
  notes.map(({ verdict, what, reason }) => `${verdict} ${what}: ${reason}`);
