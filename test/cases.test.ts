// The project's own cases, both ways on every server version, by every judge.
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectationOf, hazardsOf } from './proof/expectation.ts';
import { pairsIn } from './proof/pairs.ts';
import { benchOn, type Pair, type Proof, prove } from './proof/proof.ts';
import { Stage } from './proof/rehearsal.ts';
import { isFull, isTurnOf, servers } from './servers/running.ts';

const directory = join(import.meta.dirname, 'cases');
const cases = pairsIn(directory).map((pair) => ({
  pair,
  expected: expectationOf(join(directory, pair.name)),
}));

// On the oldest server, whose pg_dump is a judge where it is at hand, each in databases of its own, or one of
// so many where the run is not a full one; else in one database, in transactions that are rolled back, as far
// as these do.
const apart = isFull ? 1 : 6;

for (const [at, server] of servers().entries()) {
  const bench = await benchOn(server);
  const own = cases.filter(({ expected }, index) => {
    const among = servers().filter(({ major }) => expected.majors?.includes(major) ?? true);
    return among.some(({ port }) => port === server.port) && isTurnOf(server, index, among);
  });
  const isApart = (index: number) => at === 0 && index % apart === 0;
  let stage: Stage | undefined;
  let turns = 0;
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
  const judge = async ({ pair, expected }: (typeof cases)[number], rehearsed: Proof | undefined) => {
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
  };
  describe(`PostgreSQL ${server.version}`, () => {
    afterAll(() => stage?.close());
    for (const [index, one] of own.entries())
      if (isApart(index)) test.concurrent(one.pair.name, () => judge(one, undefined));
    for (const [index, one] of own.entries())
      if (!isApart(index))
        test(one.pair.name, async () =>
          judge(one, one.pair.cluster === '' ? await rehearse(one.pair) : undefined),
        );
  });
}

function failuresOf({ up, down }: Proof): string[] {
  return Object.entries({ up, down }).flatMap(([direction, { failure }]) =>
    failure === null ? [] : [`${direction}: ${failure.reason}: ${failure.detail}`],
  );
}
