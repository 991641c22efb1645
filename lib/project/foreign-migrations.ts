// Migrations that another tool applies: its folder is read and replayed, its ledger is only looked at.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerPosition } from '../ledger/position.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Layout } from '../migration/layouts.ts';
import { compareNames, isProgramName, readVersion } from '../migration/name.ts';
import { computeChecksum, type Migration } from '../migration/text.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from './project.ts';
import { readFile, shownPath } from './sql-files.ts';
import type { Target } from './world.ts';

/**
 * Reads the folder of another tool; without one there are no migrations.
 * @throws Problem `program_migration` for programs among them, which cannot be replayed; `unreadable_file`,
 * `not_utf8`
 */
export async function readForeign(project: Project, layout: Layout): Promise<MigrationFile[]> {
  const paths = await readdir(project.migrations, { recursive: true }).catch(() => []);
  const found = paths.flatMap((path) => {
    const inside = path.replaceAll('\\', '/');
    const name = layout.nameOf(inside);
    if (name === null && isProgramName(inside))
      throw new Problem('program_migration', {
        file: shownPath(project.root, join(project.migrations, path)),
      });
    return name === null ? [] : [{ name, path }];
  });
  found.sort((a, b) => compareNames(a.name, b.name));
  return Promise.all(
    found.map(async ({ name, path }) => {
      const text = await readFile(project.root, join(project.migrations, path));
      return foreignFile(project, layout, { name, path, text: layout.plain?.(text) ?? text });
    }),
  );
}

/**
 * A new migration as the tool wants it.
 * @throws Problem `foreign_migrations` where pgmage does not write for it
 */
export function parseForeign(
  project: Project,
  layout: Layout,
  { name, up, down, transaction }: Pick<Migration, 'name' | 'up' | 'down' | 'transaction'>,
): MigrationFile {
  const { written, tool } = layout;
  if (written === undefined)
    throw new Problem('foreign_migrations', { what: 'db:generate', tool, command: null });
  return foreignFile(project, layout, {
    name,
    path: written.path(name),
    text: written.text(up, down, transaction),
  });
}

function foreignFile(
  { root, migrations }: Project,
  layout: Layout,
  { name, path, text }: { readonly name: string; readonly path: string; readonly text: string },
): MigrationFile {
  const up = layout.up(text);
  const migration = {
    name,
    header: null,
    transaction: 'both',
    up: text.slice(up.start, up.end),
    down: null,
    stated: null,
    checksum: computeChecksum(text),
  } as const;
  return { name, file: shownPath(root, join(migrations, path)), text, migration, up };
}

/** The position of a database by the ledger of the tool. @throws Problem of the connection */
export async function readForeignPosition(
  connection: Connection,
  { ledger, tool }: Layout,
  files: readonly MigrationFile[],
): Promise<LedgerPosition> {
  const [there] = await connection.rows<{ is: boolean }>(
    `select to_regclass('${ledger.table}') is not null as is`,
  );
  const names = there?.is ? await connection.rows<{ name: string }>(ledger.query) : [];
  const known = new Set(names.map(({ name }) => name));
  const isApplied = ({ name }: MigrationFile) => known.has(name) || known.has(readVersion(name));
  const first = files.findIndex((file) => !isApplied(file));
  const applied = first < 0 ? files.length : first;
  const late = files.slice(applied).filter(isApplied);
  const ours = new Set(files.flatMap(({ name }) => [name, readVersion(name)]));
  return {
    applied,
    pending: files.filter((file) => !isApplied(file)),
    faults: [
      ...late.map(
        ({ name }) => `${files[applied]?.name} is not applied, but stands before ${name}, which is`,
      ),
      ...[...known]
        .filter((name) => !ours.has(name))
        .map((name) => `${tool} applied ${name}, but its file is gone`),
    ],
    unfinished: null,
  };
}

/** The place of a target; null: the embedded database. */
type TargetPlace = Pick<Target, 'url'>;

/** True if the tool of a project's migrations cannot apply them: only pgmage opens the embedded database. */
export const isOutOfReach = ({ layout }: Project, { url }: TargetPlace): boolean =>
  layout !== undefined && url === null;

/** The task or command that brings a target to the schema, or to its migrations. */
export function applierFor(project: Project, target: TargetPlace | null): string {
  if (!project.layout) return 'db:sync';
  return target !== null && isOutOfReach(project, target) ? 'db:push' : project.layout.command;
}

/** The way to a migration of what `db:push` did to a target, as the rest of a sentence. */
export function describeRecording(project: Project, target: TargetPlace): string {
  const { layout } = project;
  if (!layout) return 'db:generate, then db:sync --baseline';
  const write = layout.written ? 'db:generate' : `write the migration with ${layout.tool}`;
  return isOutOfReach(project, target) ? write : `${write}, then record it with ${layout.tool} as applied`;
}

/** Refuses to apply what another tool applies. @throws Problem `foreign_migrations` */
export function refuseForeign({ layout }: Project, what: string): void {
  if (layout) throw new Problem('foreign_migrations', { what, tool: layout.tool, command: layout.command });
}
