// One schema with its rows is cloned over whatever another database holds, and every judge says whether it
// came over.

import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { Format } from '../../lib/flow/formats.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { diff } from '../../lib/model/diff.ts';
import { backupProject } from '../backup/scene.ts';
import { cloned, contextOf, wholeOf } from '../copy/cloning.ts';
import { compared, type Desk } from '../corpus/proof.ts';
import { describe, load, withSession } from '../proof/session.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { filling } from './filling.ts';

/**
 * How all of one database comes into another one: by a clone, which pg_dump may carry, its rows after its
 * schema, or by a backup in a format; `script`: by pgmage's own script, `inserts`: with INSERT statements.
 */
export type By = 'clone' | 'swap' | 'pipe' | 'rows' | 'script' | 'inserts' | Format;

/** Brings a database over. @returns what was left out, and how many rows came */
async function brought(
  by: By,
  source: Database,
  target: Database,
): Promise<{ left: readonly string[]; rows: number }> {
  if (by === 'clone' || by === 'swap' || by === 'pipe') {
    const given = {
      clone: {},
      swap: { swap: true, jobs: 3, dropOld: true },
      pipe: { engine: 'pipe' } as const,
    };
    const { done } = await cloned(contextOf(source.url, target.url), given[by]);
    return { left: done?.left ?? [], rows: done?.tables.reduce((sum, one) => sum + one.rows, 0) ?? 0 };
  }
  if (by === 'rows') {
    const context = contextOf(source.url, target.url);
    await cloned(context, { schemaOnly: true });
    const { done } = await cloned(context, { dataOnly: true });
    return { left: done?.left ?? [], rows: done?.tables.reduce((sum, one) => sum + one.rows, 0) ?? 0 };
  }
  const own = backupProject({ prod: source.url, copy: target.url });
  try {
    const isScript = by === 'script' || by === 'inserts';
    const script = { engine: 'native', format: 'plain', inserts: by === 'inserts' } as const;
    const { file, left } = await backup(own.context, isScript ? script : { format: by });
    const { proof } = await restore(own.context, file, { to: 'copy', yes: true, force: true }, undefined);
    return { left, rows: proof?.rows ?? 0 };
  } finally {
    own.drop();
  }
}

/** What came of one schema. */
export interface Outcome {
  /** Why it was not tried; null: it was. */
  readonly skipped: string | null;
  readonly wrong: readonly string[];
  readonly rows: number;
}

const roleQuery = `select rolname::text as name, rolsuper as super from pg_roles where rolname !~ '^pg_'`;

/**
 * Clones a schema.
 * @param texts loaded one after the other
 * @param to where the target is; it keeps what it got for the next one
 * @param by how
 */
export async function faithful(
  from: Desk,
  to: Desk,
  texts: readonly string[],
  target: Database,
  by: By,
): Promise<Outcome> {
  return withDatabase(from.server, async (source) => {
    try {
      const known = new Set(
        (await rowsOf<{ name: string }>(source.socket, roleQuery)).map(({ name }) => name),
      );
      await withSession(source.socket, async (session) => {
        for (const text of texts) await load(session, withoutRoles(text, known));
      });
      await rowsOf(source.socket, filling);
    } catch (thrown) {
      return { skipped: describe(thrown), wrong: [], rows: 0 };
    }
    try {
      await sameRoles(source, target);
      const { left, rows: came } = await brought(by, source, target);
      const [a, b] = [await wholeOf(source.socket), await wholeOf(target.socket)];
      const stored = ({ kind }: { kind: string }) => kind !== 'materialized view';
      const rows = a.digests
        .filter(stored)
        .filter((one, at) => JSON.stringify(one) !== JSON.stringify(b.digests.filter(stored)[at]));
      const wrong = rows.map((one) => `rows differ: ${one.name}`);
      if (from.server.major === to.server.major && left.length === 0) {
        const { added, removed, changed } = diff(b.catalog, a.catalog, kinds);
        wrong.push(
          ...[...added, ...removed].map(({ id }) => `fact: ${id}`),
          ...changed.map((one) => `changed: ${one.to.id}`),
        );
        const judged = await compared(to, target, source);
        for (const [judge, lines] of Object.entries(judged))
          wrong.push(...lines.map((line) => `${judge}: ${line}`));
      }
      return { skipped: null, wrong, rows: came };
    } catch (thrown) {
      return { skipped: null, wrong: [describe(thrown)], rows: 0 };
    }
  });
}

// A role is the server's, and may be there from another schema.
function withoutRoles(text: string, known: ReadonlySet<string>): string {
  return text.replace(/^\s*create (?:role|user) (?:"([^"]+)"|([\w$]+))[^;]*;/gim, (whole, quoted, plain) =>
    known.has(quoted ?? plain) ? '' : whole,
  );
}

async function sameRoles(source: Database, target: Database): Promise<void> {
  const there = new Set((await rowsOf<{ name: string }>(target.socket, roleQuery)).map(({ name }) => name));
  for (const { name, super: all } of await rowsOf<{ name: string; super: boolean }>(source.socket, roleQuery))
    if (!there.has(name)) await rowsOf(target.socket, `create role "${name}"${all ? ' superuser' : ''}`);
}
