// The files that are linted: a schema, the migrations of a project, the folders of other tools.

import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runsInOneTransaction } from '../ledger/applying.ts';
import type { Direction } from '../ledger/statements.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { detectLayout, type Layout } from '../migration/layouts.ts';
import { compareNames, readVersion } from '../migration/name.ts';
import { keepRange, splitParts } from '../migration/parts.ts';
import { configFile } from '../problem/config-file.ts';
import { whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { readFile, readFiles, shownPath, type TextFile } from '../project/sql-files.ts';
import type { LintedFile } from './statement.ts';

/** The files of a schema. */
export const asSchema = (files: readonly TextFile[]): LintedFile[] =>
  files.map((file) => ({ ...file, is: 'schema', transactional: false }));

/** Migrations, of which one way is linted. A way down is only run for pgmage's own. */
export function asMigrations(
  project: Project,
  files: readonly MigrationFile[],
  direction: Direction = 'up',
): LintedFile[] {
  return files.flatMap((one): LintedFile[] => {
    const { file, text, up = splitParts(text).up } = one;
    const way = direction === 'up' ? up : splitParts(text).down;
    if (way === null) return [];
    const transactional = project.layout
      ? isWrapped(project.layout, text, up.start)
      : runsInOneTransaction(one, direction);
    return [{ file, text: keepRange(text, way), is: 'migration', transactional }];
  });
}

// Prisma and Supabase send a file whole, which is one transaction only if it has several statements.
function isWrapped({ name }: Layout, text: string, start: number): boolean {
  if (name === 'dbmate') return !/transaction:\s*false/.test(text.slice(0, start));
  if (name === 'graphile-migrate') return !/^--! no-transaction/m.test(text);
  return name === 'node-pg-migrate';
}

/** The migrations behind a version. @throws Problem `bad_config` */
export function listAfter(
  files: readonly MigrationFile[],
  after: string | undefined,
): readonly MigrationFile[] {
  if (after === undefined) return files;
  const at = files.findIndex(({ name }) => name === after || readVersion(name) === after);
  if (at >= 0) return files.slice(at + 1);
  const reason = `policy.after names ${after}, which is not a migration`;
  throw new Problem('bad_config', { file: configFile(), reason });
}

/**
 * The files of a path: a `.sql` file or a folder of pgmage, Prisma, dbmate, node-pg-migrate,
 * graphile-migrate, Supabase, Flyway, or of plain `.sql` files.
 * @throws Problem `missing_file`, `unreadable_file`, `empty_file`, `not_utf8`, `bad_option`
 */
export async function readPath(project: Project, path: string): Promise<LintedFile[]> {
  const full = resolve(project.root, path);
  if (full === project.schema) return asSchema(await readFiles(project.root, full));
  const shown = shownPath(project.root, full);
  if (!(await whileReading(shown, () => stat(full))).isDirectory())
    return [plain({ file: shown, text: await readFile(project.root, full) })];
  const names = (await readdir(full, { recursive: true })).map((name) => name.replaceAll('\\', '/'));
  const found = names.filter((name) => name.endsWith('.sql') && !isUndo(name)).sort(compareFiles);
  const texts = await Promise.all(found.map((name) => readFile(project.root, join(full, name))));
  if (texts.every((text) => text.trim() === ''))
    throw new Problem('empty_file', { file: shown, comments: false, linted: true });
  const layout = detectLayout({ paths: names, text: texts[0] ?? '' });
  const inner = commonFolder(found);
  const files = found.flatMap((name, at): LintedFile[] => {
    const file = { file: shownPath(project.root, join(full, name)), text: texts[at] as string };
    if (layout === null) return [plain(file)];
    if (layout.nameOf(name) === null && layout.nameOf(name.slice(inner.length)) === null) return [];
    return [placed(layout, file)];
  });
  if (files.length > 0) return files;
  const reason = `none of its files is a migration of ${layout?.tool}; name the folder of the migrations`;
  throw new Problem('bad_option', { option: shown, reason, task: 'db:lint' });
}

function placed(layout: Layout, { file, text: whole }: TextFile): LintedFile {
  const up = layout.up(whole);
  const text = keepRange(layout.plain?.(whole) ?? whole, up);
  return { file, text, is: 'migration', transactional: isWrapped(layout, whole, up.start) };
}

// The folder that all files are in, with its slash: `migrations/`.
function commonFolder(names: readonly string[]): string {
  const [first = ''] = names;
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  while (!names.every((name) => name.startsWith(folder)))
    folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  return folder;
}

// Flyway's: what an undo migration takes away, its migration has made.
const isUndo = (name: string) => /(^|\/)U\d[\w.]*__[^/]*$/.test(name) || /\.down\.sql$/.test(name);

// The order of Flyway's V1__a, V2__b, V10__c, and of plain numbers.
const compareFiles = (a: string, b: string) =>
  compareNames(a.replace(/^V(?=\d)/, ''), b.replace(/^V(?=\d)/, ''));

// Flyway runs each of its files in a transaction; pgmage's and others say it.
function plain({ file, text }: TextFile): LintedFile {
  const { up } = splitParts(text);
  const isFlyway = /(^|\/)[VR][\d_.]*__[^/]*$/.test(file);
  const isSealed = /^-- Checksum: [0-9a-f]{64}$/m.test(text);
  const isOutside = /^-- Transaction: (none|down)$/m.test(text);
  return {
    file,
    text: keepRange(text, up),
    is: 'migration',
    transactional: isFlyway || (isSealed && !isOutside),
  };
}
