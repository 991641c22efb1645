// Hazards and findings in words.

import type { Caution } from '../compare/impact.ts';
import type { RenameReport } from '../compare/renames.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { describeFinding, type Finding, statementOf } from '../migrate/findings.ts';
import type { Hazard } from '../model/step.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** Every hazard as the end of a sentence that begins with the statement. */
export const hazardWords: Readonly<Record<Hazard, string>> = {
  deletes_data: 'deletes data',
  loses_values: 'changes values for good',
  rewrites_table: 'rewrites the whole table',
  blocks_writes: 'blocks writes until its transaction ends',
  blocks_reads: 'blocks reads until its transaction ends',
  may_fail_on_existing_rows: 'fails if existing rows do not fit',
  fails_on_existing_rows: 'fails if the table has rows',
  slows_queries: 'can slow down queries that use the index',
  irreversible: 'cannot be undone exactly',
  changes_privileges: 'changes privileges',
  breaks_clients: 'breaks programs that use the old name',
};

/** A statement with a cost, and the size of its table; long statements go on in the next line. */
export function statementLines({ sql, table }: Pick<Caution, 'sql' | 'table'>, paper: Paper): string[] {
  const lines = wrapText(`  ${sql.replace(/\s+/g, ' ')}`, paper);
  if (table === null) return lines;
  const { rows } = table;
  const count =
    rows === null
      ? 'rows not counted'
      : rows === 0
        ? 'no rows'
        : `about ${formatCount(rows.toLocaleString('en-US'), 'row')}`;
  const size = makeLegible(`(${table.name}: ${count}, ${formatBytes(table.bytes)})`);
  const last = `${lines.at(-1)}  ${size}`;
  return paper.uncut || last.length <= paper.width
    ? [...lines.slice(0, -1), last]
    : [...lines, `    ${size}`];
}

/** The costs of statements, by hazard. */
export function cautionLines(cautions: readonly Caution[], paper: Paper): string[] {
  const { yellow } = makeInk(paper.colour);
  const hazards = [...new Set(cautions.map(({ hazard }) => hazard))];
  return hazards.flatMap((hazard) => [
    yellow(`Caution: ${hazardWords[hazard]}:`),
    ...cautions.filter((one) => one.hazard === hazard).flatMap((one) => statementLines(one, paper)),
  ]);
}

/** The statements that the policy of the project warns of. */
export function policyLines(verdicts: readonly PolicyVerdict[], paper: Paper): string[] {
  if (verdicts.length === 0) return [];
  const { yellow } = makeInk(paper.colour);
  return [
    yellow('The policy warns of:'),
    ...verdicts.flatMap(({ hazard, sql, table }) =>
      statementLines({ sql: `${hazard}: ${sql}`, table }, paper),
    ),
  ];
}

/** For rows of a plan of `db:sync`, which refuses a failure that is certain. */
export const unlessEarlier = ', unless an earlier statement changes them';

/**
 * The rows of the target that statements fail on or change.
 * @param unless what may happen to them before
 */
export function findingLines(findings: readonly Finding[], paper: Paper, unless = ''): string[] {
  if (findings.length === 0) return [];
  const { yellow } = makeInk(paper.colour);
  const one = (finding: Finding) => [
    ...wrapText(`  ${describeFinding(finding)}`, paper),
    ...[statementOf(finding) ?? []].flat().flatMap((sql) => wrapText(`    ${sql}`, paper)),
  ];
  const own = (outcome: Finding['outcome']) => findings.filter((finding) => finding.outcome === outcome);
  const [failing, losing] = [own('fails'), own('loses')];
  return [
    ...(failing.length === 0
      ? []
      : [yellow(`Rows that a statement fails on${unless}:`), ...failing.flatMap(one)]),
    ...(losing.length === 0 ? [] : [yellow('Rows whose values change:'), ...losing.flatMap(one)]),
  ];
}

/**
 * Objects that were dropped and added and may be renames, with the option that declares a rename.
 * @param written the files that drop and add them already
 */
export function possibleLines(
  possible: readonly RenameReport[],
  paper: Paper,
  written: readonly string[] = [],
): string[] {
  if (possible.length === 0) return [];
  const { yellow } = makeInk(paper.colour);
  const way =
    written.length === 0
      ? 'pass --rename before you continue:'
      : `delete ${written.join(' and ')} and run the command again with --rename:`;
  return [
    ...wrapText(`Dropped and added. If you renamed it, ${way}`, paper).map(yellow),
    ...possible.flatMap(({ text, to, option }) => wrapText(`  ${text} → ${to}: --rename ${option}`, paper)),
    ...wrapText("  or write '-- pgmage:renamed from OLD' before the new object in the schema", paper),
  ];
}
