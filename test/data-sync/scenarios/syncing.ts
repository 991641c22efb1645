// Scenarios made equal by data:sync, and what is not as the oracle wants it afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataDiff } from '../../../lib/commands/data-diff.ts';
import { type DataSyncInput, dataSync } from '../../../lib/commands/data-sync.ts';
import { dataUndo } from '../../../lib/commands/data-undo.ts';
import type { SyncRun } from '../../../lib/data-sync/finish.ts';
import type { Workspace } from '../../../lib/project/workspace.ts';
import { contextOf } from '../../copy/cloning.ts';
import { oracleTable, type Staged } from './campaign.ts';
import type { ModelTable, Scenario } from './model.ts';
import { type OracleTable, readRows } from './oracle.ts';
import { countMoved, readPlaces } from './places.ts';
import { factDifferences, schemaDump, schemaFacts } from './schema-facts.ts';

/** One table of a scenario. */
export interface StagedTable {
  readonly scenario: Scenario;
  readonly table: ModelTable;
  readonly of: OracleTable;
}

/** What a campaign does besides. */
export interface SyncChecks {
  readonly input?: DataSyncInput;
  /** Takes the run back, and expects the old rows. */
  readonly undo?: boolean;
}

/** The tables of scenarios. */
export const stagedTables = (scenarios: readonly Scenario[]): StagedTable[] =>
  scenarios.flatMap((scenario) =>
    scenario.tables.map((table) => ({ scenario, table, of: oracleTable(scenario, table) })),
  );

/** The faults of a sync of scenarios that are staged; empty: there are none. */
export async function findSyncFaults(staged: Staged, checks: SyncChecks = {}): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-seeds-'));
  try {
    await using workspace = contextOf(staged.source, staged.target, { root });
    return await faultsOf(staged, workspace, checks);
  } finally {
    rmSync(root, { recursive: true });
  }
}

interface TargetState {
  readonly rows: readonly string[][];
  readonly schema: readonly string[];
}

async function faultsOf(
  staged: Staged,
  workspace: Workspace,
  { input, undo }: SyncChecks,
): Promise<string[]> {
  const { source, target, to, scenarios } = staged;
  const tables = stagedTables(scenarios);
  const list = tables.map(({ of }) => of);
  const stateOf = async (own: boolean): Promise<TargetState> => ({
    rows: await readRows(target, own ? tables.map(withOwn) : list, false),
    schema: [...(await schemaFacts(target)), ...(await schemaDump(to, target))],
  });
  const placesOf = async () => {
    const all = [];
    for (const { scenario, table } of tables) all.push(await readPlaces(target, scenario, table));
    return all;
  };
  const wanted = await readRows(source, list, true);
  const [before, places] = [await stateOf(true), await placesOf()];
  const options = { from: 'source', to: 'target', jobs: 2, yes: true, force: true, ...input };
  const { run } = await dataSync(workspace, options, undefined);
  const [now, after] = [await stateOf(false), await placesOf()];
  const faults = tables.flatMap(({ of, scenario }, at) => {
    const moved = countMoved(places[at] ?? new Map(), after[at] ?? new Map());
    return [
      ...unequal(wanted, now.rows, at).map(() => `seed ${scenario.seed}: ${of.name} is not equal`),
      ...(moved > 0 ? [`seed ${scenario.seed}: ${moved} equal rows of ${of.name} were touched`] : []),
    ];
  });
  const schema = factDifferences(before.schema, now.schema).map((one) => `schema: ${one}`);
  const again = await dataDiff(workspace, { from: 'source', to: 'target', jobs: 2 });
  const second = again.isSame ? [] : ['the second diff is not empty'];
  const undone = undo ? await undoFaults(workspace, run, () => stateOf(true), { tables, before }) : [];
  return [...faults, ...schema, ...runFaults(run), ...second, ...undone];
}

const unequal = (wanted: readonly string[][], now: readonly string[][], at: number): string[] =>
  JSON.stringify(wanted[at]) === JSON.stringify(now[at]) ? [] : ['unequal'];

function runFaults(run: SyncRun | null): string[] {
  const side = (run?.sideEffects ?? []).map(({ table }) => `side effects on ${table}`);
  return [...side, ...(run === null || run.skipped > 0 ? [`${run?.skipped} rows were skipped`] : [])];
}

// Columns of the target alone are part of the rows that come back.
const withOwn = ({ table, of }: StagedTable): OracleTable =>
  table.own.target ? { ...of, columns: [...of.columns, 'own_target'] } : of;

async function undoFaults(
  workspace: Workspace,
  run: SyncRun | null,
  stateOf: () => Promise<TargetState>,
  { tables, before }: { readonly tables: readonly StagedTable[]; readonly before: TargetState },
): Promise<string[]> {
  if (run === null || run.undoFile === null) return [];
  const input = { env: 'target', yes: true, force: true };
  const { skipped, sideEffects } = await dataUndo(workspace, run.id, input, undefined);
  const now = await stateOf();
  return [
    ...tables.flatMap(({ of, scenario }, at) =>
      unequal(before.rows, now.rows, at).map(
        () => `seed ${scenario.seed}: ${of.name} is not as before, undone`,
      ),
    ),
    ...factDifferences(before.schema, now.schema).map((one) => `schema, undone: ${one}`),
    ...(skipped > 0 ? [`${skipped} rows were skipped, undone`] : []),
    ...sideEffects.map(({ table }) => `side effects on ${table}, undone`),
  ];
}
