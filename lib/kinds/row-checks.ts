// What statements ask of rows, in the words that kinds share.
import type { Fact } from '../model/fact.ts';
import { qualify, quote } from '../model/quote.ts';
import type { RowCheck } from '../model/row-check.ts';
import { isBuiltIn } from './lost-values.ts';
import { conversion } from './type-conversions.ts';

type Placed = Pick<Fact, 'path'>;

/** The id of the table that a column, or a constraint, is part of. */
const tableId = ({ path }: Placed) => `table:${qualify(path.slice(0, 2))}`;

/** A column of the row that a check looks at. */
export const inRow = ({ path }: Placed): string => `t.${quote(path[2] as string)}`;

/** Rows without a value in a column. @param fact with the path of the column */
export function nulls(fact: Placed): RowCheck {
  return {
    outcome: 'fails',
    table: tableId(fact),
    reads: [`column:${qualify(fact.path)}`],
    // IS NULL is true of a row of nulls, too, which NOT NULL lets pass.
    test: { where: `${inRow(fact)} is not distinct from null` },
    words: `no ${fact.path[2]}`,
    code: false,
  };
}

/** Any rows at all: a new column has no value for them. */
export function anyRow(fact: Placed): RowCheck {
  return {
    outcome: 'fails',
    table: tableId(fact),
    reads: [],
    test: { where: 'true' },
    words: `no value for ${fact.path[2]}`,
    code: false,
  };
}

/** Rows whose value in a column is another one after a change of its type, there and back. */
export function changedValues(fact: Placed, from: string, to: string): RowCheck {
  const cast = (value: string, a: string, b: string) => {
    const using = conversion(a, b, value);
    return using === '' ? `(${value})::${b}` : `(${using.slice(' USING '.length)})`;
  };
  const value = inRow(fact);
  return {
    outcome: 'loses',
    table: tableId(fact),
    reads: [],
    // As the types write them: not all can be compared.
    test: {
      where: `format('%s', ${value}) is distinct from format('%s', ${cast(cast(value, from, to), to, from)})`,
    },
    words: `a value of ${fact.path[2]} that changes from ${from} to ${to}`,
    code: !isBuiltIn(from) || !isBuiltIn(to),
  };
}
