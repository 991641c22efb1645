// Many scenarios in one pair of databases, each in a schema of its own, and what data:diff finds there
// against the oracle.
import pg from 'pg';
import { dataDiff } from '../../../lib/commands/data-diff.ts';
import { contextOf } from '../../copy/cloning.ts';
import { withDatabase } from '../../servers/databases.ts';
import type { Server } from '../../servers/server.ts';
import { drawScenario, type ModelTable, type Scenario } from './model.ts';
import { countDifferences, type OracleTable, readRows } from './oracle.ts';
import { commonNames, keyNames, nameOf, prepare, renderScenario } from './rendering.ts';

/** Scenarios that stand in two databases. */
export interface Staged {
  readonly source: string;
  readonly target: string;
  /** The server of the target. */
  readonly to: Server;
  readonly scenarios: readonly Scenario[];
}

/** Loads the scenarios of seeds into a pair of databases, which are dropped afterwards. */
export function withScenarios<T>(
  from: Server,
  to: Server,
  seeds: readonly number[],
  use: (staged: Staged) => Promise<T>,
): Promise<T> {
  return withDatabase(from, (source) =>
    withDatabase(to, async (target) => {
      const scenarios = await loadScenarios(source.url, target.url, seeds);
      return use({ source: source.url, target: target.url, to, scenarios });
    }),
  );
}

/** Loads the scenarios of seeds into two databases. */
export async function loadScenarios(
  source: string,
  target: string,
  seeds: readonly number[],
): Promise<Scenario[]> {
  const scenarios = seeds.map(drawScenario);
  scenarios.forEach(prepare);
  await Promise.all([
    loaded(
      source,
      scenarios.map((one) => [one.seed, renderScenario(one, 'source')]),
    ),
    loaded(
      target,
      scenarios.map((one) => [one.seed, renderScenario(one, 'target')]),
    ),
  ]);
  return scenarios;
}

async function loaded(url: string, all: readonly (readonly [seed: number, sql: string])[]): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    for (const [seed, sql] of all)
      await client.query(sql).catch((thrown: Error) => {
        throw new Error(`seed ${seed} does not load: ${thrown.message}\n${sql.slice(0, 6000)}`);
      });
  } finally {
    await client.end();
  }
}

/** A table for the oracle. */
export const oracleTable = (scenario: Scenario, table: ModelTable): OracleTable => ({
  name: nameOf(scenario, table),
  key: keyNames(table),
  columns: commonNames(table),
  casts: new Map(
    table.columns.flatMap(({ kind, isWider }, at) =>
      isWider && kind.wider !== undefined ? [[`c${at}`, kind.wider] as const] : [],
    ),
  ),
});

/** What data:diff finds otherwise than the oracle; empty: nothing. */
export async function findDiffFaults({ source, target, scenarios }: Staged): Promise<string[]> {
  const tables = scenarios.flatMap((scenario) =>
    scenario.tables.map((table) => ({ scenario, of: oracleTable(scenario, table) })),
  );
  const report = await dataDiff(contextOf(source, target), { from: 'source', to: 'target', jobs: 2 });
  const found = new Map(report.tables.map((one) => [plain(one.name), one]));
  const list = tables.map(({ of }) => of);
  const [here, there] = await Promise.all([readRows(source, list, true), readRows(target, list, false)]);
  const refused = report.notes.filter(({ verdict }) => verdict === 'refused');
  return [
    ...refused.map(({ what, reason }) => `${what} is refused: ${reason}`),
    ...tables.flatMap(({ scenario, of }, at) => {
      const wanted = countDifferences(here[at] ?? [], there[at] ?? [], of.key.length > 0);
      const one = found.get(plain(of.name));
      const got = one && { missing: one.missing, changed: one.changed, extra: one.extra };
      return JSON.stringify(got) === JSON.stringify(wanted)
        ? []
        : [`seed ${scenario.seed}: ${of.name}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`];
    }),
  ];
}

const plain = (name: string) =>
  name.replace(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'));
