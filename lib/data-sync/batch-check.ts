// Checks a batch before its commit: its rows are in the target as they were staged.

import { quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { applyHashRule, rowHash } from '../pg/row-hash.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import type { ChangedTable } from './apply.ts';
import type { NamedEnds } from './comparison.ts';
import { stagedValues } from './packed-columns.ts';
import { freshKey, keyOf, sameKey, stageNames, writtenColumn } from './stages.ts';

/**
 * Checks the rows that were staged, in the open transaction. Those that another session has changed meanwhile
 * wait for the next run. Rows without a key are compared at the end of the run alone.
 * @throws Problem `not_as_source`; of the connection
 */
export async function checkStagedRows(
  session: ServerConnection,
  { from, to }: NamedEnds,
  tables: readonly ChangedTable[],
): Promise<void> {
  for (const table of tables) {
    if (table.pair.key.length === 0) continue;
    const [row] = await session.rows<{ rows: string }>(countUnlike(table));
    const wrong = Number(row?.rows) - table.waiting;
    if (wrong > 0)
      throw new Problem('not_as_source', {
        source: from.name,
        target: to.name,
        differences: [
          `${table.pair.to.table.name}: ${formatCount(wrong, 'row is', 'rows are')} not as in the source`,
        ],
      });
  }
}

function countUnlike(table: ChangedTable): string {
  const { pair } = table;
  const staged = stagedValues(pair);
  const hash = (value: (name: string, at: number) => string) =>
    rowHash(
      pair.columns.map(({ name }, at) => applyHashRule(writtenColumn(pair, name).rule, value(name, at))),
    );
  return `select count(*)::text as rows from ${stageNames(table).fresh} s where not exists (select
    from ${pair.to.from} where ${sameKey(pair, keyOf(pair), freshKey(pair))}
      and ${hash((name) => `t.${quote(name)}`)} = ${hash((_, at) => staged[at] as string)})`;
}
