// Servers read a big table for its buckets with several processes: the grouped query ends in OFFSET '0'.
import { expect, test } from 'vitest';
import { type Buckets, buildSummaryQuery } from '../../lib/data-sync/buckets.ts';
import { pairTables } from '../../lib/data-sync/counterparts.ts';
import { readShape } from '../../lib/data-sync/read-shapes.ts';
import type { TablePair } from '../../lib/data-sync/shape.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { withSession } from '../proof/session.ts';
import { withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';

const ways: readonly (readonly [string, string, Buckets])[] = [
  ['one integer', 'ranged', { is: 'range', low: 1n, step: 40n, count: 8192 }],
  ['any other key', 'hashed', { is: 'hash', count: 8192 }],
  ['no key', 'keyless', { is: 'hash', count: 8192 }],
];

test.each(
  servers().flatMap((server) => ways.map(([key, table, buckets]) => ({ server, key, table, buckets }))),
)('PostgreSQL $server.major plans parallel workers for $key', async ({ server, table, buckets }) => {
  await withDatabase(server, ({ url }) =>
    withSession(url, async (session) => {
      await session.execute(`create table ranged (id int primary key, a text, b numeric);
          create table hashed (id uuid primary key, a text); create table keyless (id int, a text);
          insert into ${table}
          ${
            table === 'hashed'
              ? `select md5(n::text)::uuid, repeat('x',
            60)`
              : table === 'ranged'
                ? `select n, repeat('x', 60), n`
                : `select n % 100, repeat('x', 60)`
          }
            from generate_series(1, 250000) n; analyze`);
      const plan = await snapshot(session, async () => {
        const shape = await readShape(session);
        const { pairs } = pairTables(
          { from: shape, to: shape },
          { tables: {}, keys: {}, isWanted: ({ path }) => path[1] === table, maskOf: () => undefined },
        );
        const rows = await session.rows<{ 'QUERY PLAN': string }>(
          `explain ${buildSummaryQuery(pairs[0] as TablePair, 'from', buckets)}`,
        );
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      });
      expect(plan).toMatch(/Partial (Hash|Group)Aggregate/);
      expect(plan).toMatch(/Parallel Seq Scan on (public\.)?(ranged|hashed|keyless)/);
      expect(plan).toMatch(/Workers Planned: [1-9]/);
    }),
  );
});
