// The project's own cases, both ways on every server version, by every judge.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectationOf, hazardsOf } from './proof/expectation.ts';
import { pairsIn } from './proof/pairs.ts';
import { benchOn, type Proof, prove } from './proof/proof.ts';
import { servers } from './servers/running.ts';

const directory = join(import.meta.dirname, 'cases');
const cases = pairsIn(directory).map((pair) => ({
  pair,
  expected: expectationOf(join(directory, pair.name)),
}));

for (const server of servers()) {
  const bench = await benchOn(server);
  describe.concurrent(`PostgreSQL ${server.major}`, () => {
    for (const { pair, expected } of cases) {
      if (expected.majors !== null && !expected.majors.includes(server.major)) continue;
      test(pair.name, async () => {
        const proof = await prove(bench, pair);
        expect(failuresOf(proof)).toEqual([]);
        expect({ up: hazardsOf(proof.up.steps), down: hazardsOf(proof.down.steps) }).toEqual({
          up: [...expected.hazards.up].sort(),
          down: [...expected.hazards.down].sort(),
        });
      });
    }
  });
}

function failuresOf({ up, down }: Proof): string[] {
  return Object.entries({ up, down }).flatMap(([direction, { failure }]) =>
    failure === null ? [] : [`${direction}: ${failure.reason}: ${failure.detail}`],
  );
}
