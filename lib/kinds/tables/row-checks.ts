// The row checks of statements, shared by kinds.
import { type Fact, ownName, type PartPath } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { literal, qualify, quote } from '../../model/quote.ts';
import type { RowCheck } from '../../model/row-check.ts';
import { isBuiltIn } from './lost-values.ts';
import { writeConverted } from './type-conversions.ts';

const one = (noun: string) => `${/^(?!us|uid|uni[qtv]|ur[il]|uu)[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;

type Placed = Pick<Fact<unknown, PartPath>, 'path'>;

/** The id of the table that a column, or a constraint, is part of. */
const tableId = ({ path }: Pick<Fact, 'path'>) => `table:${qualify(path.slice(0, 2))}`;
const columnId = (path: readonly string[]) => `column:${qualify(path)}`;

/** A column of the row that a check looks at. */
export const quoteInRow = ({ path }: Pick<Fact, 'path'>): string => `t.${quote(ownName(path))}`;

/**
 * Rows without a value in a column.
 * @param fact with the path of the column
 * @param only not those of the tables that inherit from its table
 */
export function checkNulls(fact: Placed, only = false): RowCheck {
  return {
    outcome: 'fails',
    table: tableId(fact),
    only,
    reads: [columnId(fact.path)],
    // IS NULL is true of a row of nulls, too, which NOT NULL lets pass.
    test: { where: `${quoteInRow(fact)} is not distinct from null` },
    words: `no ${fact.path[2]}`,
    values: [],
    code: false,
  };
}

/** Any rows at all: a new column has no value for them. */
export function checkAnyRow(fact: Placed): RowCheck {
  return {
    outcome: 'fails',
    table: tableId(fact),
    reads: [],
    test: { where: 'true' },
    words: `no value for ${fact.path[2]}`,
    values: [],
    code: false,
  };
}

/** Rows whose value in a column differs after a change of its type, there and back. */
export function checkChangedValues(fact: Placed, from: string, to: string, scope: Scope): RowCheck {
  const value = quoteInRow(fact);
  const back = writeConverted(to, from, `(${writeConverted(from, to, value, scope)})`, scope);
  return {
    outcome: 'loses',
    table: tableId(fact),
    reads: [],
    // As the types write them: not all can be compared.
    test: {
      where: `format('%s', ${value}) is distinct from format('%s', (${back}))`,
    },
    words: `a value of ${fact.path[2]} that changes from ${from} to ${to}`,
    values: [fact.path[2]],
    code: !isBuiltIn(from) || !isBuiltIn(to),
  };
}

// The dependencies of a constraint besides its table: its columns, and the functions of its expressions.
function needed(
  fact: Fact<unknown, PartPath>,
  { after }: Scope,
): { reads: string[]; values: string[]; code: boolean } {
  const own = tableId(fact);
  // Missing values are a separate check.
  const reads = [...(after.needs.get(fact.id)?.keys() ?? [])].filter(
    (id) => id !== own && id !== fact.id && after.facts.get(id)?.kind !== 'not null',
  );
  const columns = reads.flatMap((id) => {
    const column = after.facts.get(id);
    return column?.kind === 'column' && column.parent === own ? [column] : [];
  });
  return {
    reads,
    values: columns.map(({ path }) => ownName(path)),
    code: reads.some((id) => !['column', 'enum type'].includes(after.facts.get(id)?.kind ?? '')),
  };
}

/** Rows that a CHECK does not let pass. @param definition `CHECK ((a > 0))` */
export function checkBroken(fact: Fact<unknown, PartPath>, definition: string, scope: Scope): RowCheck[] {
  const expression = /^CHECK \((.*)\)( NO INHERIT)?$/s.exec(definition);
  if (expression === null) return [];
  return [
    {
      outcome: 'fails',
      table: tableId(fact),
      only: expression[2] !== undefined,
      ...needed(fact, scope),
      test: { where: `not (${expression[1]})` },
      words: `values that the check ${fact.path[2]} refuses`,
    },
  ];
}

const name = String.raw`(?:[a-z_][\w$]*|"(?:[^"]|"")+")`;
const names = `${name}(?:, ${name})*`;
const foreignKey = new RegExp(
  String.raw`^FOREIGN KEY \((${names})\) REFERENCES (${name}\.${name})\((${names})\)(?! MATCH)`,
);

const split = (list: string) => list.match(new RegExp(name, 'g')) ?? [];

/** Rows that refer to no row. A MATCH FULL, and keys over periods, are not asked. */
export function checkOrphans(fact: Fact<unknown, PartPath>, definition: string, scope: Scope): RowCheck[] {
  const [, own = '', target = '', keys = ''] = foreignKey.exec(definition) ?? [];
  if (own === '') return [];
  const other = `table:${target}`;
  const [wasThere, isThere] = [scope.before, scope.after].map(({ facts }) => facts.has(other));
  // A table that is made along with it has no rows that could be referred to. One that is in no catalog is of
  // another program: it is there, by this name.
  const isNew = isThere && !wasThere;
  const given = split(own).map((column) => `t.${column} is not null`);
  const same = split(own).map((column, at) => `r.${split(keys)[at]} = t.${column}`);
  const isPartitioned = (id: string) => (scope.before.facts.get(id)?.payload.partitionKey ?? null) !== null;
  // It may be partitioned where that is not known.
  const missing = `not exists (select from ${wasThere && !isPartitioned(other) ? 'only ' : ''}${target} r
    where ${same.join(' and ')})`;
  const columns = split(own).map((column) => unquoted(column));
  return [
    {
      outcome: 'fails',
      table: tableId(fact),
      // Heirs do not inherit it; partitions do.
      only: !isPartitioned(tableId(fact)),
      reads: [
        ...columns.map((column) => columnId([...fact.path.slice(0, 2), column])),
        ...(wasThere ? split(keys).map((column) => `column:${target}.${column}`) : []),
      ],
      test: { where: [...given, ...(isNew ? [] : [missing])].join(' and ') },
      words:
        `${one(columns.join(', '))} that matches no ${split(keys).map(unquoted).join(', ')} of` +
        ` ${target.replace(/^public\./, '')}`,
      values: columns,
      code: false,
      ...(isNew ? {} : { others: [other] }),
    },
  ];
}

/**
 * Rows whose value cannot be converted to the column's new type.
 * @param to the column after the change
 * @param value SQL for the assigned value
 */
export function checkConversion(
  from: Fact<unknown, PartPath>,
  to: Fact<{ readonly type: string }, PartPath>,
  value: string,
  { before, after }: Scope,
): RowCheck {
  const { type } = to.payload;
  const types = [...(after.needs.get(to.id)?.keys() ?? [])].filter((id) => id !== to.parent);
  const column = to.path[2];
  const was = [...(before.needs.get(from.id)?.keys() ?? [])].flatMap(
    (id) => before.facts.get(id)?.payload.labels ?? [],
  );
  const labels = types.flatMap((id) => after.facts.get(id)?.payload.labels ?? []);
  const check: Omit<RowCheck, 'reads' | 'test' | 'code'> = {
    outcome: 'fails',
    table: tableId(to),
    words: `a value of ${column} that does not become ${type.replace(/^public\./, '')}`,
    values: [column],
  };
  // An enum that loses labels is replaced under its name: the new one does not exist at the time of the
  // check.
  if (was.length > 0 && labels.length > 0 && !type.endsWith('[]')) {
    const list = (some: readonly unknown[], by: string) => some.map((one) => literal(String(one))).join(by);
    const gone = list(
      [...new Set(was)].filter((label) => !labels.includes(label)),
      ' or ',
    );
    // By the output function of the type, which is the server's; a cast may be a user's.
    const text = `format('%s', ${quoteInRow(to)})`;
    return {
      ...check,
      words: gone === '' ? check.words : `a value of ${column} that its type no longer has: ${gone}`,
      reads: [],
      test: { where: `${quoteInRow(to)} is not null and ${text} not in (${list(labels, ', ')})` },
      code: false,
    };
  }
  const code = types.some((id) => after.facts.get(id)?.kind !== 'enum type');
  return { ...check, reads: types, test: { value, type }, code };
}

/**
 * Rows with values that a constraint of a domain refuses, in each table that has a column of that type.
 * @param definition `CHECK ((VALUE > 0))`; null: NOT NULL
 */
export function checkDomain(
  fact: Fact<unknown, PartPath>,
  { definition, name: constraint }: { readonly definition: string | null; readonly name: string },
  { before, after }: Scope,
): RowCheck[] {
  const type = `domain:${qualify(fact.path.slice(0, 2))}`;
  const expression =
    definition === null ? 'VALUE is not distinct from null' : /^CHECK \((.*)\)$/s.exec(definition)?.[1];
  if (expression === undefined) return [];
  const own = [...(after.needs.get(fact.id)?.keys() ?? [])].filter((id) => id !== type && id !== fact.id);
  return [...before.facts.values()].flatMap((column) => {
    if (column.kind !== 'column' || column.payload.type !== qualify(fact.path.slice(0, 2))) return [];
    const condition = expression.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\bVALUE\b/g, (text) =>
      text === 'VALUE' ? quoteInRow(column) : text,
    );
    return {
      outcome: 'fails',
      table: tableId(column),
      // Those that inherit from it have columns of their own.
      only: true,
      reads: [column.id, ...own],
      test: { where: definition === null ? condition : `not (${condition})` },
      words:
        definition === null
          ? `no ${column.path[2]}`
          : `${one(ownName(column.path))} that the check ${constraint} refuses`,
      values: [ownName(column.path)],
      code: own.length > 0,
    };
  });
}

const unquoted = (text: string) => text.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');

const element = String.raw`(?:${name}|[a-z_]\w*\(\(?${name}\)?(?:::\w+)?\))`;
const order = '(?: DESC)?(?: NULLS (?:FIRST|LAST))?';
const key = new RegExp(
  String.raw`^(?:PRIMARY KEY|UNIQUE|btree) \((${element}${order}(?:, ${element}${order})*)\)` +
    String.raw`(?: INCLUDE \(.*\))?$`,
);

/**
 * Rows whose key is not unique. Keys with operator classes or collations are not checked.
 * @param columns `UNIQUE (a, b)`, or the columns of an index: `btree (lower(a) DESC)`
 */
export function checkDuplicates(
  fact: Fact<{ readonly partitioned: boolean }, PartPath>,
  columns: string,
  scope: Scope,
  predicate: string | null = null,
): RowCheck[] {
  const list = key.exec(columns)?.[1]?.replaceAll(new RegExp(order, 'g'), '');
  // The rows of a partitioned table are its partitions', which have keys of their own.
  if (list === undefined || fact.payload.partitioned) return [];
  return [
    {
      outcome: 'fails',
      table: tableId(fact),
      only: true,
      ...needed(fact, scope),
      test: { unique: list, ...(predicate !== null && { where: predicate }) },
      words: `${one(list)} that is not unique`,
    },
  ];
}
