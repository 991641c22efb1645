// Scenarios made equal by data:sync, and what is not as the oracle wants it afterwards.
import { dataDiff } from '../../../lib/commands/data-diff.ts';
import { type DataSyncInput, dataSync } from '../../../lib/commands/data-sync.ts';
import { contextOf } from '../../copy/cloning.ts';
import { rowsOf } from '../../servers/databases.ts';
import { oracleTable, type Staged } from './campaign.ts';
import type { ModelTable, Scenario } from './model.ts';
import { type OracleTable, readRows } from './oracle.ts';
import { commonNames, nameOf } from './rendering.ts';

/** One table of a scenario. */
interface Table {
  readonly scenario: Scenario;
  readonly table: ModelTable;
  readonly of: OracleTable;
}

/** The faults of a sync of scenarios that are staged; empty: there are none. */
export async function findSyncFaults(staged: Staged, input: DataSyncInput = {}): Promise<string[]> {
  const { source, target, scenarios } = staged;
  const tables = scenarios.flatMap((scenario) =>
    scenario.tables.map((table): Table => ({ scenario, table, of: oracleTable(scenario, table) })),
  );
  const list = tables.map(({ of }) => of);
  const wanted = await readRows(source, list, true);
  const before = await placesOf(target, tables);
  const options = { from: 'source', to: 'target', jobs: 2, yes: true, force: true, ...input };
  await using workspace = contextOf(source, target);
  const report = await dataSync(workspace, options, undefined);
  const now = await readRows(target, list, false);
  const after = await placesOf(target, tables);
  const faults = tables.flatMap(({ of, scenario }, at) => {
    const unequal = JSON.stringify(wanted[at]) !== JSON.stringify(now[at]);
    const moved = of.key.length === 0 ? 0 : countMoved(before[at] ?? new Map(), after[at] ?? new Map());
    return [
      ...(unequal ? [`seed ${scenario.seed}: ${of.name} is not equal`] : []),
      ...(moved > 0 ? [`seed ${scenario.seed}: ${moved} equal rows of ${of.name} were touched`] : []),
    ];
  });
  const { run } = report;
  const side = (run?.sideEffects ?? []).map(({ table }) => `side effects on ${table}`);
  const skipped = run === null || run.skipped > 0 ? [`${run?.skipped} rows were skipped`] : [];
  const again = await dataDiff(workspace, { from: 'source', to: 'target', jobs: 2 });
  return [...faults, ...side, ...skipped, ...(again.isSame ? [] : ['the second diff is not empty'])];
}

// Where each row is, by its text; rows that are there more than once are left out.
async function placesOf(url: string, tables: readonly Table[]): Promise<Map<string, string>[]> {
  const all: Map<string, string>[] = [];
  for (const { scenario, table, of } of tables) {
    const names = commonNames(table);
    const rest = names.filter((one) => !of.key.includes(one));
    const values = [...of.key, ...rest].map((name) => `${name}::text`);
    const key = `array[${values.slice(0, of.key.length).join(',')}]::text[]`;
    const row = `array[${values.slice(of.key.length).join(',')}]::text[]`;
    const rows = await rowsOf<{ row: string; place: string }>(
      url,
      `select json_build_array(${key}, ${row})::text as row,
         concat(tableoid, ' ', ctid, ' ', xmin) as place from ${nameOf(scenario, table)}`,
    );
    const times = new Map<string, number>();
    for (const { row: text } of rows) times.set(text, (times.get(text) ?? 0) + 1);
    const single = rows.filter(({ row: text }) => times.get(text) === 1);
    all.push(new Map(single.map(({ row: text, place }) => [text, place])));
  }
  return all;
}

// A row that is there before and after is where it was.
function countMoved(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  return [...before].filter(([row, place]) => after.has(row) && after.get(row) !== place).length;
}
