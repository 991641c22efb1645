// How far a database is from the wanted schema.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../problem.ts';
import type { Change } from './changes.ts';
import { compare } from './comparison.ts';
import type { Context } from './context.ts';
import { shownPath } from './files.ts';
import { addressOf } from './source.ts';

/** What is asked. */
export interface StatusInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** Fail when the database holds objects that pgmage does not manage. */
  readonly strict?: boolean;
}

/** What is known then. Dates are ISO texts, so that the report is plain data. */
export interface StatusReport {
  readonly schema: { readonly path: string; readonly modified: string | null };
  readonly target: {
    readonly name: string;
    /** Its URL without password and parameters, or where the embedded database is. */
    readonly address: string;
    /** Major version of its server. */
    readonly major: number;
    readonly protected: boolean;
  };
  readonly inSync: boolean;
  readonly changes: readonly Change[];
  /** How many objects the wanted schema has; their parts are not counted. */
  readonly objects: number;
  /** What the database holds and pgmage does not manage. */
  readonly unmanaged: readonly string[];
}

/**
 * Compares the wanted schema with the actual one of an environment.
 * @throws Problem of the sources: the connection, the SQL of the schema; `unmanaged_objects` when strict
 */
export async function status(context: Context, { env, strict }: StatusInput = {}): Promise<StatusReport> {
  const target = await context.environment(env);
  const [comparison, modified] = await Promise.all([
    compare(context, target.name, context.schema),
    modifiedAt(context.schema),
  ]);
  const { before, after, changes, unmanaged } = comparison;
  if (strict && unmanaged.length > 0) throw new Problem('unmanaged_objects', { objects: unmanaged });
  return {
    schema: { path: shownPath(context.root, context.schema), modified: modified?.toISOString() ?? null },
    target: {
      name: target.name,
      address: addressOf(context, target),
      major: before.major,
      protected: target.protected,
    },
    inSync: comparison.same,
    changes,
    objects: [...after.facts.values()].filter(({ parent }) => parent === null).length,
    unmanaged,
  };
}

// Of a folder, when its newest file was changed; null where there is none, which reading it will tell.
async function modifiedAt(path: string): Promise<Date | null> {
  const own = await stat(path).catch(() => null);
  if (!own?.isDirectory()) return own?.mtime ?? null;
  const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.sql'));
  const times = await Promise.all(names.map(async (name) => (await stat(join(path, name))).mtimeMs));
  return times.length === 0 ? null : new Date(Math.max(...times));
}
