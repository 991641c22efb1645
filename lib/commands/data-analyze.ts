// Reads migration scripts: what they do to rows, whether they can run again, and the configuration that would
// replace them.

import { readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { collectFacts, type ScriptFacts } from '../data-sync/script-facts.ts';
import { proposeTables, type TablesProposal } from '../data-sync/script-proposal.ts';
import { type JudgedScript, judgeScript, type MissingFile } from '../data-sync/script-verdict.ts';
import { configFile } from '../problem/config-file.ts';
import { whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { readFile, shownPath } from '../project/sql-files.ts';
import { codeEndings, findStrings, hole, makeLineCounter } from '../sql/literals.ts';
import { readScriptSql } from '../sql/script.ts';

/** The options of `data:analyze`. */
export interface DataAnalyzeInput {
  /** Files, and folders with files. */
  readonly paths: readonly string[];
  /** Write the proposed configuration into a file of the project. */
  readonly write?: boolean;
}

/** One script. */
export interface AnalyzedScript extends JudgedScript, ScriptFacts {
  readonly file: string;
  /** Files that it reads and that do not exist. */
  readonly missing: readonly MissingFile[];
}

/** The report of `data:analyze`. */
export interface DataAnalyzeReport {
  readonly scripts: readonly AnalyzedScript[];
  readonly proposal: TablesProposal;
  /** The written file; null: none was asked for, or there is nothing to propose. */
  readonly written: string | null;
}

/** The file of a proposed configuration, in the project. */
export const proposalFile = 'pgmage.data.ts';

/**
 * Reads scripts, and connects to no database.
 * @param root the folder of the project
 * @throws Problem `bad_option`, `missing_file`, `unreadable_file`, `file_too_big`, `not_utf8`,
 * `unwritable_file`
 */
export async function dataAnalyze(
  root: string,
  { paths, write = false }: DataAnalyzeInput,
): Promise<DataAnalyzeReport> {
  const files = await listScripts(root, paths);
  if (files.length === 0)
    throw new Problem('bad_option', {
      option: '<path>',
      reason: `${paths.join(', ')} contains no script`,
    });
  const scripts: AnalyzedScript[] = [];
  for (const path of files) scripts.push(await analyzeScript(root, path));
  const proposal = proposeTables(new Map(scripts.map((script) => [script.file, script])));
  const isWritten = write && Object.keys(proposal.tables).length > 0;
  if (isWritten) await writeProposal(root, proposal);
  return { scripts, proposal, written: isWritten ? proposalFile : null };
}

/** The proposed tables as source code. */
export function renderTables(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) return renderText(String(value));
  const name = (key: string) => (/^[A-Za-z_]\w*$/.test(key) ? key : renderText(key));
  const inner = `${indent}  `;
  const lines = Object.entries(value).map(
    ([key, one]) => `${inner}${name(key)}: ${renderTables(one, inner)},\n`,
  );
  return lines.length === 0 ? '{}' : `{\n${lines.join('')}${indent}}`;
}

const renderText = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** The configuration as the text of a file. */
export function renderProposal({ tables }: TablesProposal): string {
  return `// Proposed by pgmage data:analyze. To use it, add to ${configFile()}:
//   import { tables } from './${proposalFile}';
//   data: { tables }
import type { DataConfig } from 'pgmage';

export const tables: DataConfig['tables'] = ${renderTables(tables)};
`;
}

async function writeProposal(root: string, proposal: TablesProposal): Promise<void> {
  try {
    await writeFile(join(root, proposalFile), renderProposal(proposal), { flag: 'wx' });
  } catch (thrown) {
    const isThere = (thrown as NodeJS.ErrnoException).code === 'EEXIST';
    const reason = isThere ? 'it exists already; rename or delete it first' : (thrown as Error).message;
    throw new Problem('unwritable_file', { file: proposalFile, reason }, { cause: thrown });
  }
}

const endings = new Set(['sql', ...codeEndings]);
const endingOf = (path: string) => extname(path).slice(1).toLowerCase();
const isLeftOut = /(^|[\\/])(node_modules|\.git|dist|vendor|\.venv|__pycache__)([\\/]|$)/;

async function listScripts(root: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const given of paths) {
    const path = resolve(root, given);
    const isFolder = (await whileReading(given, () => stat(path))).isDirectory();
    if (!isFolder) found.push(path);
    else
      for (const name of (await readdir(path, { recursive: true })).sort())
        if (endings.has(endingOf(name)) && !isLeftOut.test(name)) found.push(join(path, name));
  }
  return [...new Set(found)];
}

async function analyzeScript(root: string, path: string): Promise<AnalyzedScript> {
  const text = await readFile(root, path);
  const ending = endingOf(path);
  const facts = collectFacts(await readScriptSql(text, ending), ending === 'sql' ? '' : text);
  const missing: MissingFile[] = [];
  for (const { file, line } of ending === 'sql' ? psqlFiles(text) : namedFiles(text, ending))
    if (!(await exists(root, path, file))) missing.push({ file, line });
  return { file: shownPath(root, path), ...judgeScript(facts, missing), ...facts, missing };
}

// Files that psql reads: \i and \ir, \copy … from, and COPY … FROM on the server.
const psqlFile =
  /^[ \t]*\\(?:i|ir|include|include_relative)[ \t]+'?([^'\s]+)|^[ \t]*(?:\\copy|copy)\b[^;\n]*\bfrom[ \t]+'([^']+)'/gim;

function psqlFiles(text: string): MissingFile[] {
  const lineOf = makeLineCounter(text);
  return [...text.matchAll(psqlFile)].map((match) => ({
    file: match[1] ?? match[2] ?? '',
    line: lineOf(match.index + match[0].search(/\S/)),
  }));
}

function namedFiles(text: string, ending: string): MissingFile[] {
  return findStrings(text, ending)
    .filter((one) => /^[\w./\\-]+\.(sql|csv|tsv)$/i.test(one.text) && !one.text.includes(hole))
    .map((one) => ({ file: one.text, line: one.lineAt(0) }));
}

async function exists(root: string, script: string, file: string): Promise<boolean> {
  const places = [resolve(dirname(script), file), resolve(root, file)];
  for (const place of places)
    if (
      await stat(place).then(
        () => true,
        () => false,
      )
    )
      return true;
  // A program may join the folder to the name: any file of that name beside the script counts.
  const beside = await readdir(dirname(script), { recursive: true });
  return beside.some((name) => basename(name) === basename(file));
}
