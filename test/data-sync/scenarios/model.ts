// A scenario: tables with the rows that the source and the target have, drawn from a seed. Rows keep every
// constraint.
import { type ColumnKind, columnKinds, type KeyKind, keyKinds } from './columns.ts';
import { Dice } from './dice.ts';

/** Which database. */
export type Place = 'source' | 'target';

/** One row: numbers name rows, so that others can refer to them. */
export interface ModelRow {
  readonly number: number;
  readonly key: readonly string[];
  readonly values: readonly (string | null)[];
  /** Of the unique column. */
  readonly unique: number | null;
  /** Numbers of the rows that it refers to. */
  readonly refers: readonly (number | null)[];
}

/** A foreign key. */
export interface Reference {
  readonly to: number;
  readonly notNull: boolean;
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly deferrable: boolean;
}

/** A table of a scenario. */
export interface ModelTable {
  readonly name: string;
  readonly key: readonly KeyKind[];
  readonly identity: '' | 'always' | 'by default';
  readonly columns: readonly {
    readonly kind: ColumnKind;
    readonly isWider: boolean;
    readonly notNull: boolean;
  }[];
  /** A unique column, whose values rows exchange. */
  readonly unique: '' | 'unique' | 'unique deferrable' | 'unique not null' | 'exclusion';
  readonly generated: boolean;
  readonly references: readonly Reference[];
  readonly partitioned: Readonly<Record<Place, boolean>>;
  /** Columns of one side alone. */
  readonly own: Readonly<Record<Place, boolean>>;
  readonly rows: Readonly<Record<Place, readonly ModelRow[]>>;
}

/** All of a scenario. */
export interface Scenario {
  readonly seed: number;
  readonly schema: string;
  readonly tables: readonly ModelTable[];
  /** The order of the columns is another one in the target. */
  readonly isShuffled: boolean;
}

const actions = ['no action', 'no action', 'restrict', 'cascade', 'set null'];

/** Draws a scenario. */
export function drawScenario(seed: number): Scenario {
  const dice = new Dice(seed);
  const count = 1 + dice.below(4);
  const bare = Array.from({ length: count }, (_, at) => tableOf(dice, at));
  const sets = bare.map((table) => numbersOf(dice, table.key.length));
  const tables = bare.map((table, at): ModelTable => {
    const references = referencesOf(dice, bare, sets, table);
    const complete = { ...table, references };
    return { ...complete, rows: rowsOf(dice, complete, sets[at] as Numbers, sets) };
  });
  return { seed, schema: `s${seed}`, tables: aligned(tables), isShuffled: dice.chance(0.3) };
}

function tableOf(dice: Dice, at: number): Omit<ModelTable, 'references' | 'rows'> {
  const key = Array.from({ length: dice.pick([0, 1, 1, 1, 1, 2, 2, 3, 4]) }, () => dice.pick(keyKinds));
  const canPart = key[0]?.parts ?? false;
  const partitioned = { source: canPart && dice.chance(0.2), target: canPart && dice.chance(0.2) };
  const isPlain = !partitioned.source && !partitioned.target;
  const first = key[0]?.type ?? '';
  return {
    name: dice.pick([`t${at}`, `T ${at}`, `order"${at}`]),
    key,
    identity:
      key.length === 1 && isPlain && /int$/.test(first) ? dice.pick(['', 'always', 'by default']) : '',
    columns: Array.from({ length: dice.below(7) + (key.length === 0 ? 1 : 0) }, () => {
      const kind = dice.pick(columnKinds);
      return { kind, isWider: kind.wider !== undefined && dice.chance(0.2), notNull: dice.chance(0.2) };
    }),
    unique:
      key.length > 0 && isPlain && dice.chance(0.5)
        ? dice.pick(['unique', 'unique deferrable', 'unique not null', 'exclusion'] as const)
        : '',
    generated: dice.chance(0.15),
    partitioned,
    own: { source: dice.chance(0.1), target: dice.chance(0.1) },
  };
}

/** The rows of both sides, by number; those that are equal, and those that change. */
interface Numbers {
  readonly source: readonly number[];
  readonly target: readonly number[];
  readonly changeRate: number;
}

function numbersOf(dice: Dice, keys: number): Numbers {
  const size = dice.chance(0.04) && keys > 0 ? 2_300 : dice.pick([0, 1, 3, 10, 30, 60]);
  const changeRate = dice.pick([0, 0.02, 0.1, 0.5, 1]);
  const all = Array.from({ length: size }, (_, number) => number);
  const target = all.filter(() => !dice.chance(0.1));
  const kept = target.filter(() => !dice.chance(changeRate * 0.4));
  const isThere = new Set(target);
  const added = all.filter((number) => !isThere.has(number) && dice.chance(Math.max(changeRate, 0.01)));
  return { source: [...kept, ...added], target, changeRate };
}

function referencesOf(
  dice: Dice,
  tables: readonly Omit<ModelTable, 'references' | 'rows'>[],
  sets: readonly Numbers[],
  from: Omit<ModelTable, 'references' | 'rows'>,
): Reference[] {
  const possible = [...tables.keys()].filter((at) => (tables[at]?.key.length ?? 0) > 0);
  if (possible.length === 0 || from.key.length === 0) return [];
  return Array.from({ length: dice.pick([0, 0, 1, 1, 2]) }, () => {
    const to = dice.pick(possible);
    const set = sets[to] as Numbers;
    const notNull = set.source.length > 0 && set.target.length > 0 && dice.chance(0.3);
    const usable = notNull ? actions.filter((one) => one !== 'set null') : actions;
    return {
      to,
      notNull,
      onDelete: dice.pick(usable),
      onUpdate: dice.pick(usable),
      deferrable: dice.chance(0.3),
    };
  });
}

function rowsOf(
  dice: Dice,
  table: Omit<ModelTable, 'rows'>,
  { source, target, changeRate }: Numbers,
  sets: readonly Numbers[],
): Record<Place, ModelRow[]> {
  const before = new Map(target.map((number) => [number, drawn(dice, table, number, 'target', sets)]));
  const ours = new Map(
    source.map((number) => {
      const known = before.get(number);
      if (known === undefined) return [number, drawn(dice, table, number, 'source', sets)];
      const isChanged = dice.chance(changeRate);
      const fresh = isChanged ? drawn(dice, table, number, 'source', sets) : known;
      // A few columns of a changed row are others.
      const values = known.values.map((value, at) => (dice.chance(0.5) ? (fresh.values[at] ?? null) : value));
      return [number, isChanged ? { ...fresh, values: filled(table, values, fresh) } : known];
    }),
  );
  if (table.key.length > 0)
    return { source: exchanged(dice, table, [...ours.values()], changeRate), target: [...before.values()] };
  const copies = (rows: readonly ModelRow[]) =>
    rows.flatMap((row) => Array.from({ length: 1 + dice.below(3) }, () => row));
  return { source: copies([...ours.values()]), target: copies([...before.values()]) };
}

const filled = (table: Omit<ModelTable, 'rows'>, values: readonly (string | null)[], fresh: ModelRow) =>
  values.map((value, at) =>
    value === null && table.columns[at]?.notNull ? (fresh.values[at] ?? null) : value,
  );

function drawn(
  dice: Dice,
  { key, columns, unique, references }: Omit<ModelTable, 'rows'>,
  number: number,
  place: Place,
  sets: readonly Numbers[],
): ModelRow {
  return {
    number,
    // Only the last column tells rows apart.
    key: key.map((kind, at) => kind.value(at === key.length - 1 ? number : number % (5 + at), dice)),
    values: columns.map(({ kind, notNull }) =>
      !notNull && dice.chance(0.15) ? null : dice.pick(kind.values),
    ),
    unique: unique === '' || (unique === 'unique' && dice.chance(0.1)) ? null : number,
    refers: references.map(({ to, notNull }) => {
      const there = sets[to]?.[place] ?? [];
      return there.length === 0 || (!notNull && dice.chance(0.3)) ? null : dice.pick(there);
    }),
  };
}

// Rows exchange the values of the unique column, in pairs and in rings.
function exchanged(
  dice: Dice,
  { unique }: Omit<ModelTable, 'rows'>,
  rows: ModelRow[],
  changeRate: number,
): ModelRow[] {
  if (unique === '') return rows;
  const taking = rows.filter((row) => row.unique !== null && dice.chance(changeRate));
  const given = new Map(
    taking.map((row, at) => [row.number, taking[(at + 1) % taking.length]?.unique ?? null]),
  );
  return rows.map((row) => ({ ...row, unique: given.get(row.number) ?? row.unique }));
}

// An unchanged row refers to a row that is gone in the source: it refers to another one then.
function aligned(tables: readonly ModelTable[]): ModelTable[] {
  return tables.map((table) => {
    const source = table.rows.source.map((row) => ({
      ...row,
      refers: row.refers.map((number, at) => {
        const { to, notNull } = table.references[at] as Reference;
        const there = tables[to]?.rows.source ?? [];
        if (number === null || there.some((one) => one.number === number)) return number;
        return notNull ? (there[0]?.number ?? null) : null;
      }),
    }));
    return { ...table, rows: { ...table.rows, source } };
  });
}
