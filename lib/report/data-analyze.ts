// The report of data:analyze as text.

import { type AnalyzedScript, type DataAnalyzeReport, renderTables } from '../commands/data-analyze.ts';
import type { ScriptPlace } from '../data-sync/script-facts.ts';
import type { ScriptVerdict } from '../data-sync/script-verdict.ts';
import { formatCount } from '../problem/amount.ts';
import { configFile } from '../problem/config-file.ts';
import { nameCommands } from '../problem/own-command.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

const order: readonly ScriptVerdict[] = ['reusable', 'with changes', 'not reusable', 'no data', 'unknown'];

/** The report of `data:analyze`. */
export function dataAnalyzeText(report: DataAnalyzeReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const { scripts, proposal, written } = report;
  const counts = order
    .map((verdict) => ({ verdict, count: scripts.filter((one) => one.verdict === verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => `${count} ${verdict}`);
  return [
    ...scripts.flatMap((script) => [...scriptLines(script, paper), '']),
    ...wrapText(`${formatCount(scripts.length, 'script')}: ${counts.join(', ')}.`, paper),
    ...proposalLines(report, paper),
    ...(proposal.notes.length > 0
      ? ['', ink.bold('To decide yourself'), ...proposal.notes.flatMap((one) => wrapText(`  ${one}`, paper))]
      : []),
    ...(written === null ? [] : ['', `The proposal is in ${written}. Import it in ${configFile()}.`]),
    ...hintLines(report),
  ].join('\n');
}

function scriptLines(script: AnalyzedScript, paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  const colours = {
    reusable: ink.green,
    'with changes': ink.yellow,
    'not reusable': ink.red,
    'no data': ink.dim,
    unknown: ink.yellow,
  };
  const written = script.writes.map(({ table, how, line }) => `${table} (${how}, line ${line})`);
  const reads = script.reads.filter((table) => !script.writes.some((one) => one.table === table));
  const keys = Object.entries(script.keys).map(([table, columns]) => `${table} (${columns.join(', ')})`);
  return [
    `${ink.bold(script.file)}: ${colours[script.verdict](script.verdict)}`,
    ...script.reasons.flatMap((reason) => wrapText(`  - ${reason}`, paper, '    ')),
    ...listLine('writes', written, paper),
    ...listLine('reads', reads, paper),
    ...listLine('keys', keys, paper),
    ...listLine(
      'mappings',
      script.mappings.map(({ table, line }) => `${table} (line ${line})`),
      paper,
    ),
    ...listLine('derived ids', placesOf(script.derivedIds), paper),
    ...listLine('expressions', placesOf(script.expressions), paper),
    ...listLine('casts', placesOf(script.casts), paper),
  ];
}

const placesOf = (places: readonly ScriptPlace[]) => places.map(({ what, line }) => `${what} (line ${line})`);

function listLine(title: string, items: readonly string[], paper: Paper): string[] {
  return items.length === 0 ? [] : wrapText(`  ${title}: ${[...new Set(items)].join(', ')}`, paper, '    ');
}

function proposalLines({ proposal }: DataAnalyzeReport, paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  if (Object.keys(proposal.tables).length === 0) return [];
  return ['', ink.bold('Proposed data.tables'), ...renderTables(proposal.tables).split('\n')];
}

function hintLines({ scripts, proposal, written }: DataAnalyzeReport): string[] {
  const open = scripts.reduce((sum, { unparsed }) => sum + unparsed.length, 0);
  const hasTables = Object.keys(proposal.tables).length > 0;
  return [
    ...(open > 0
      ? ['', `${formatCount(open, 'SQL text')} could not be parsed: read ${open === 1 ? 'it' : 'them'}.`]
      : []),
    ...(hasTables && written === null
      ? ['', nameCommands('Hint: data:analyze --write writes the proposal; data:diff tests it.')]
      : []),
  ];
}
