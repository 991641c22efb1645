// `Kind.present` is only there to save time: where it says that there is nothing, the kind's query finds
// nothing.
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { readingSettings } from '../../lib/pg/snapshot.ts';
import { pairsIn } from '../proof/pairs.ts';
import { withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { startServer } from '../servers/server.ts';

const conditional = [...kinds.values()].filter(({ present }) => present !== undefined);
const pairs = pairsIn(join(import.meta.dirname, '../cases'));

interface Answer {
  readonly present: readonly boolean[];
  readonly found: readonly boolean[];
}

test.each(servers())('no kind is passed over in any database of the cases: $major', async ({ major }) => {
  // Of its own: the cases make roles, and another test may have the same ones for a moment.
  const server = await startServer(major);
  const question = `select array[${conditional.map(({ present }) => present).join()}] as present,
    array[${conditional.map((kind) => `exists (${kind.introspect(major)})`).join()}] as found`;
  const seen = new Set<string>();
  await withDatabase(server, async ({ socket }) => {
    const client = new pg.Client(socket);
    await client.connect();
    for (const pair of pairs)
      for (const text of [pair.old, pair.new]) {
        await client.query('begin');
        try {
          await client.query(`${pair.cluster}\n;${pair.setup}\n;${text}`);
          await client.query(readingSettings);
        } catch {
          // What needs commits or another version is not loaded: it is enough that each kind is seen once,
          // below.
          await client.query('rollback');
          continue;
        }
        // By name, so that it is planned once.
        const { rows } = await client.query<Answer>({ name: 'question', text: question });
        const { present = [], found = [] } = rows[0] ?? {};
        const named = (which: readonly boolean[]) =>
          conditional.filter((_, index) => which[index]).map(({ name }) => name);
        for (const name of named(found)) seen.add(name);
        expect({
          case: pair.name,
          passedOver: named(found.map((one, index) => one && !present[index])),
        }).toEqual({
          case: pair.name,
          passedOver: [],
        });
        await client.query('rollback');
      }
    await client.end();
  }).finally(() => server.stop());
  expect(conditional.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([]);
});
