// The key that identifies a row on both sides: the first one that both guarantee, else one that the finding
// checks.
import { quote } from '../model/quote.ts';
import type { BothSides, ColumnPair, TablePair, TableShape, UniqueShape } from './shape.ts';

/** A pair of tables whose key is looked for. */
export interface KeylessPair extends BothSides<TableShape> {
  readonly columns: readonly ColumnPair[];
  /** The target's columns that the source has as they are, without any loss: target's name → source's. */
  readonly plain: ReadonlyMap<string, string>;
}

type Key = Pick<TablePair, 'key' | 'keyText' | 'uncheckedKey' | 'range'>;

interface Choice {
  readonly names: readonly string[];
  readonly text: string;
}

const integers = new Set(['smallint', 'integer', 'bigint']);

/**
 * The key of a pair: the configured one, else a primary key or a full unique index without nulls that both
 * sides have, else one that one side has. @returns a reason where the configured one does not fit
 */
export function findKey(pair: KeylessPair, configured: readonly string[] | undefined): Key | string {
  const compared = new Set(pair.columns.map(({ name }) => name));
  if (configured !== undefined) {
    const unknown = configured.find((name) => !compared.has(name));
    if (unknown !== undefined) return `its configured key names ${unknown}, which is not a compared column`;
    return keyFrom(pair, { names: configured, text: `configured key (${configured.join(', ')})` });
  }
  const choices = choicesOf(pair).filter(({ names }) => names.every((name) => compared.has(name)));
  const isKept = ({ names }: Choice) => {
    const { from, to } = uncheckedSides(pair, names);
    return !from && !to;
  };
  const choice = choices.find(isKept) ?? choices[0];
  return choice === undefined ? keyFrom(pair, { names: [], text: 'no key' }) : keyFrom(pair, choice);
}

// Primary keys first, the target's before the source's.
function choicesOf({ from, to, plain }: KeylessPair): Choice[] {
  const back = new Map([...plain].map(([target, source]) => [source, target]));
  const there = keysIn(to).map((unique) => choiceOf(unique, (name) => name));
  const here = keysIn(from).map((unique) => choiceOf(unique, (name) => back.get(name)));
  const all = [...there, ...here].filter((one) => one !== null);
  return [
    ...all.filter(({ text }) => /^primary/.test(text)),
    ...all.filter(({ text }) => !/^primary/.test(text)),
  ];
}

const keysIn = ({ uniques }: TableShape) => uniques.filter(({ isKey }) => isKey);

function choiceOf({ is, columns }: UniqueShape, nameOf: (name: string) => string | undefined): Choice | null {
  const names = (columns ?? []).map(nameOf);
  if (names.length === 0 || !names.every((name) => name !== undefined)) return null;
  return { names: names as string[], text: `${is} (${names.join(', ')})` };
}

function uncheckedSides({ from, to, plain }: KeylessPair, names: readonly string[]): BothSides<boolean> {
  const isUnique = (table: TableShape, nameOf: (name: string) => string | undefined) => {
    const known = new Set(names.map(nameOf));
    return keysIn(table).some(({ columns }) => columns?.every((name) => known.has(name)));
  };
  return { from: !isUnique(from, (name) => plain.get(name)), to: !isUnique(to, (name) => name) };
}

function keyFrom(pair: KeylessPair, { names, text }: Choice): Key {
  const key = names.map((name) => pair.columns.find((one) => one.name === name) as ColumnPair);
  const uncheckedKey = names.length === 0 ? { from: false, to: false } : uncheckedSides(pair, names);
  return { key, keyText: text, uncheckedKey, range: rangeOf(pair, names, uncheckedKey) };
}

// A converted column would hide its index.
function rangeOf(
  { from, to, plain }: KeylessPair,
  names: readonly string[],
  unchecked: BothSides<boolean>,
): BothSides<string> | null {
  const [name] = names;
  const source = plain.get(name ?? '');
  if (names.length !== 1 || name === undefined || source === undefined || unchecked.from || unchecked.to)
    return null;
  const isInteger = ({ columns }: TableShape, wanted: string) =>
    columns.some((one) => one.name === wanted && integers.has(one.type));
  if (!isInteger(to, name) || !isInteger(from, source)) return null;
  return { from: `t.${quote(source)}`, to: `t.${quote(name)}` };
}
