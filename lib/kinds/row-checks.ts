// What statements ask of rows, in the words that kinds share.
import type { Fact } from '../model/fact.ts';
import { qualify, quote } from '../model/quote.ts';
import type { RowCheck } from '../model/row-check.ts';

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
