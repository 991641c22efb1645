// `db:diff` as text: object by object, what is added, removed and changed.

import type { DifferenceReport } from '../commands/diff.ts';
import { type AttributeChange, type ObjectChange, type Presence, showValue } from '../compare/changes.ts';
import type { Caution } from '../compare/impact.ts';
import { type Hazard, type Step, splitCombined } from '../model/step.ts';
import { makeLegible } from '../problem/legible.ts';
import { findingLines, hazardWords, possibleLines, statementLines } from './hazards.ts';
import { makeInk } from './ink.ts';
import { formatUnified } from './lines.ts';
import type { Paper } from './paper.ts';
import { formatSize } from './script.ts';

const signs: Readonly<Record<Presence, string>> = { missing: '+', extra: '-', different: '~' };

/** The difference of two sources, for people. */
export function differenceText(report: DifferenceReport, paper: Paper): string {
  const { changes, unmanaged, up, down, possible, cautions, findings } = report;
  const ink = makeInk(paper.colour);
  const paint = (line: string) => {
    const sign = line.trimStart()[0];
    return sign === '+'
      ? ink.green(line)
      : sign === '-'
        ? ink.red(line)
        : sign === '~'
          ? ink.yellow(line)
          : line;
  };
  const others =
    unmanaged.length === 0
      ? []
      : ['', 'Not managed by pgmage:', ...unmanaged.map((one) => `  - ${makeLegible(one)}`)];
  if (changes.length === 0)
    return [`No differences: ${report.from} equals ${report.to}.`, ...others].join('\n');

  const count = (standing: Presence) => changes.filter((change) => change.standing === standing).length;
  const statements = statementsOf(up);
  const summary = `${count('missing')} to add, ${count('different')} to change, ${count('extra')} to remove`;
  return [
    `From: ${report.from}`,
    `To:   ${report.to}`,
    '',
    ...grouped(changes)
      .flatMap(([part, own]) => groupLines(part, own, statements))
      .map((line) => paint(makeLegible(line))),
    '',
    ink.bold(`${summary}.`) + ink.dim(` Up: ${formatSize(up)}. Down: ${formatSize(down)}.`),
    ...cautionLines(cautions, paper).map((line) => ink.yellow(line)),
    ...findingLines(findings, paper),
    ...possibleLines(possible, paper),
    ...others,
  ].join('\n');
}

// Changes to parts of one object stand together, where the first of them stands.
function grouped(changes: readonly ObjectChange[]): [string | null, ObjectChange[]][] {
  const groups: [string | null, ObjectChange[]][] = [];
  const parts = new Map<string, ObjectChange[]>();
  for (const change of changes) {
    // A difference in an object itself is listed with its parts.
    const part = change.part ?? (change.standing === 'different' ? nameIn(change) : null);
    const group = part === null ? undefined : parts.get(part);
    if (group) {
      group.push(change);
      continue;
    }
    const own = [change];
    groups.push([part, own]);
    if (part !== null) parts.set(part, own);
  }
  return groups;
}

type Statements = ReadonlyMap<Step['fact'], readonly { readonly at: number; readonly sql: string }[]>;

// By fact, because a first diff has as many changes as steps; `at` is the place in the plan.
function statementsOf(steps: readonly Step[]): Statements {
  const found = new Map<Step['fact'], { at: number; sql: string }[]>();
  // Each part of a table has its own action, although one statement runs several of them.
  for (const [at, { fact, sql, shown = sql }] of splitCombined(steps).entries()) {
    const own = found.get(fact);
    if (own) own.push({ at, sql: shown });
    else found.set(fact, [{ at, sql: shown }]);
  }
  return found;
}

function groupLines(part: string | null, changes: readonly ObjectChange[], all: Statements): string[] {
  const [own, parts] = [true, false].map((itself) => changes.filter((one) => (one.part === null) === itself));
  const lines = (some: readonly ObjectChange[] = []) => some.flatMap((change) => changeLines(change, all));
  const head = own?.length === 0 && part !== null ? [part] : lines(own);
  return [...head, ...lines(parts).map((line) => `  ${line}`)];
}

// The name of a changed object: its text before the colon.
function nameIn({ text }: ObjectChange): string {
  const end = text.indexOf(': ');
  return end < 0 ? text : text.slice(0, end);
}

function changeLines(change: ObjectChange, statements: Statements): string[] {
  const { standing, text, attributes, facts } = change;
  if (standing === 'different') {
    return [`~ ${nameIn(change)}`, ...attributes.flatMap(attributeLines)];
  }
  const head = `${signs[standing]} ${text}`;
  if (standing === 'extra') return [head];
  const own = [...new Set(facts)].flatMap((fact) => statements.get(fact) ?? []);
  own.sort((a, b) => a.at - b.at);
  const all = own.flatMap(({ sql }) => `${sql};`.split('\n'));
  return all.length < 2 && !saysMore(all[0] ?? '', text)
    ? [head]
    : [head, ...all.map((line) => `+     ${line}`)];
}

// A head may be the name of the object alone, such as that of an enum.
function saysMore(sql: string, head: string): boolean {
  const words = sql.replace(/^CREATE (OR REPLACE )?|\bpublic\.|;$/g, '');
  return words.startsWith(head) && words !== head;
}

function attributeLines({ name, from, to }: AttributeChange): string[] {
  const [before, after] = [showValue(from), showValue(to)];
  if (before === after) return [`    ${name}: ${after} (what differs is secret)`];
  if (!/\n/.test(before + after)) return [`    ${name}: ${before} → ${after}`];
  return [`    ${name}:`, ...formatUnified(before, after).map((line) => `    ${line}`)];
}

function cautionLines(cautions: readonly Caution[], paper: Paper): string[] {
  const found = new Map<Hazard, string[]>();
  for (const one of cautions) {
    const all = found.get(one.hazard) ?? [];
    all.push(...statementLines(one, paper));
    found.set(one.hazard, all);
  }
  return [...found].flatMap(([hazard, all]) => [`Caution: ${hazardWords[hazard]}:`, ...all]);
}
