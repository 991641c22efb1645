// The project's own cases, both ways on every server version, by every judge.
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectationOf, hazardsOf } from './proof/expectation.ts';
import { pairsIn } from './proof/pairs.ts';
import { benchOn, type Pair, type Proof, prove } from './proof/proof.ts';
import { Stage } from './proof/rehearsal.ts';
import { isTurnOf, servers } from './servers/running.ts';

const directory = join(import.meta.dirname, 'cases');
const cases = pairsIn(directory).map((pair) => ({
  pair,
  expected: expectationOf(join(directory, pair.name)),
}));

// On the oldest server, whose pg_dump is a judge where it is at hand, each in databases of its own; on the
// others in one database, in transactions that are rolled back, as far as these do.
for (const [at, server] of servers().entries()) {
  const bench = await benchOn(server);
  const tests = () => {
    let stage: Stage | undefined;
    let turns = 0;
    afterAll(() => stage?.close());
    const rehearse = async (pair: Pair): Promise<Proof | undefined> => {
      // What is rolled back leaves dead rows behind, and catalogs that grow are slow to read.
      if (turns++ % 50 === 0) {
        await stage?.close();
        stage = await Stage.open(bench, { roles: [], setup: '' });
      }
      const [old, wanted] = [pair.old, pair.new].map((schema) => `${pair.setup}\n;${schema}`);
      const rehearsed = await stage?.prove({ ...pair, old: old as string, new: wanted as string }, true);
      return rehearsed?.rowless ? undefined : rehearsed?.proof;
    };
    for (const [index, { pair, expected }] of cases.entries()) {
      const among = servers().filter(({ major }) => expected.majors?.includes(major) ?? true);
      if (!among.some(({ port }) => port === server.port) || !isTurnOf(server, index, among)) continue;
      test(pair.name, async () => {
        const rehearsed = at === 0 || pair.cluster !== '' ? undefined : await rehearse(pair);
        const sound = rehearsed !== undefined && failuresOf(rehearsed).length === 0;
        const proof = sound ? rehearsed : await prove(bench, pair);
        expect(failuresOf(proof)).toEqual([]);
        const { up, down } = expected.older[server.major] ?? expected.hazards;
        expect({ up: hazardsOf(proof.up.steps), down: hazardsOf(proof.down.steps) }).toEqual({
          up: [...up].sort(),
          down: [...down].sort(),
        });
        if (expected.statements !== null)
          expect({ up: proof.up.steps.length, down: proof.down.steps.length }).toEqual(expected.statements);
      });
    }
  };
  if (at === 0) describe.concurrent(`PostgreSQL ${server.version}`, tests);
  else describe(`PostgreSQL ${server.version}`, tests);
}

function failuresOf({ up, down }: Proof): string[] {
  return Object.entries({ up, down }).flatMap(([direction, { failure }]) =>
    failure === null ? [] : [`${direction}: ${failure.reason}: ${failure.detail}`],
  );
}
