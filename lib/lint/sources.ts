// The files that are linted: a schema, the migrations of a project, the folders of other tools.

import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runsInOneTransaction } from '../ledger/applying.ts';
import type { Direction } from '../ledger/statements.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { compareNames, readVersion } from '../migration/name.ts';
import { keepRange, splitParts } from '../migration/parts.ts';
import { configFile } from '../problem/config-file.ts';
import { whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { readFile, readFiles, shownPath, type TextFile } from '../project/sql-files.ts';
import type { LintedFile } from './statement.ts';
import { detectMarked, detectTool, isWrapped, type LintedTool, readPlan } from './tools.ts';
import { leadsBack } from './ways-back.ts';

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
 * The files of a path that lead forward: of a `.sql` file, or of a folder of pgmage, of a tool in `tools.ts`,
 * or of plain `.sql` files.
 * @returns no file for a file that leads back
 * @throws Problem `missing_file`, `unreadable_file`, `empty_file`, `not_utf8`, `bad_option`
 */
export async function readPath(project: Project, path: string): Promise<LintedFile[]> {
  const full = resolve(project.root, path);
  if (full === project.schema) return asSchema(await readFiles(project.root, full));
  const shown = shownPath(project.root, full);
  if (!(await whileReading(shown, () => stat(full))).isDirectory())
    return leadsBack(full) ? [] : [single({ file: shown, text: await readFile(project.root, full) })];
  const names = (await readdir(full, { recursive: true })).map((name) => name.replaceAll('\\', '/'));
  const sql = names.filter((name) => name.endsWith('.sql') && !leadsBack(join(full, name)));
  const found = sql.sort(compareFiles(await readPlanOf(project, full, names)));
  const texts = await Promise.all(found.map((name) => readFile(project.root, join(full, name))));
  if (texts.every((text) => text.trim() === ''))
    throw new Problem('empty_file', { file: shown, comments: false, linted: true });
  const tool = detectTool({ paths: names, text: texts[0] ?? '' });
  const inner = commonFolder(found);
  const isMigration = (name: string) =>
    (tool?.isMigration?.(name) ?? true) || tool?.isMigration?.(name.slice(inner.length)) === true;
  const files = found.flatMap((name, at): LintedFile[] => {
    const file = { file: shownPath(project.root, join(full, name)), text: texts[at] as string };
    if (tool === null) return [single(file)];
    return isMigration(name) ? [ofTool(tool, file)] : [];
  });
  if (files.length > 0) return files;
  const reason = `none of its files is a migration of ${tool?.tool}; name the folder of the migrations`;
  throw new Problem('bad_option', { option: shown, reason, task: 'db:lint' });
}

const ofTool = (tool: LintedTool, { file, text }: TextFile): LintedFile => ({
  file,
  text: tool.keepUp(text),
  is: 'migration',
  transactional: tool.isWrapped(text),
});

// A file without a folder that tells its tool.
function single(file: TextFile): LintedFile {
  const tool = detectMarked(file.text);
  return tool === null ? plain(file) : ofTool(tool, file);
}

// The plan of Sqitch in a folder.
async function readPlanOf(project: Project, full: string, names: readonly string[]) {
  const name = names.find((one) => /(^|\/)sqitch\.plan$/.test(one));
  return readPlan(name === undefined ? '' : await readFile(project.root, join(full, name)));
}

// The folder that all files are in, with its slash: `migrations/`.
function commonFolder(names: readonly string[]): string {
  const [first = ''] = names;
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  while (!names.every((name) => name.startsWith(folder)))
    folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  return folder;
}

// The order of Flyway's V1__a, V2__b, V10__c, and of plain numbers; before it that of Sqitch's plan.
function compareFiles(plan: ReadonlyMap<string, number>) {
  const placeOf = (path: string) => {
    const [, change = '', tag] = /(?:^|\/)deploy\/([^@]+)(@.*)?\.sql$/.exec(path) ?? [];
    return plan.get(tag === undefined ? change : `${change}@`) ?? Number.MAX_SAFE_INTEGER;
  };
  return (a: string, b: string) =>
    placeOf(a) - placeOf(b) || compareNames(a.replace(/^V(?=\d)/, ''), b.replace(/^V(?=\d)/, ''));
}

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
