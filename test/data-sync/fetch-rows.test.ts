// The rows that a target needs, as COPY can load them, and the rows that it has to lose.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type ComparedTable, compareTables } from '../../lib/data-sync/compare-tables.ts';
import { resolveEnds, withComparison } from '../../lib/data-sync/comparison.ts';
import { fetchRows } from '../../lib/data-sync/fetch-rows.ts';
import type { Spool } from '../../lib/data-sync/spool.ts';
import { contextOf } from '../copy/cloning.ts';
import { ways, withPair } from '../copy/ways.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf } from '../servers/databases.ts';

async function textOf(spool: Spool): Promise<string[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of spool.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8').split('\n').filter(Boolean).sort();
}

test.each(ways)(
  'missing and changed rows with the old hash, extra ones by key: $name',
  async ({ from, to }) => {
    await withPair(from, to, async (source, target) => {
      await rowsOf(
        source.url,
        `create type mood as enum ('ok', 'sad'); create table t (a int, b varchar(9), m mood, note text, g int generated always as (a + 1) stored, primary key (a, b));
       insert into t values (1, 'x', 'ok', E'tab\\t, line\\n, back\\\\slash'), (2, 'ä', 'sad', null), (3, 'z', null, '');
       create table k (v text, n int); insert into k values ('twice', 1), ('twice', 1), ('once', null)`,
      );
      await rowsOf(
        target.url,
        `create table t (note text, m text, a bigint, b text, primary key (a, b));
       insert into t values ('old', 'ok', 1, 'x'), ('', null, 3, 'z'), ('gone', 'x', 4, E'k\\tey');
       create table k (v text, n int); insert into k values ('extra', 2), ('extra', 2), ('extra', 2)`,
      );
      const workspace = contextOf(source.url, target.url);
      const ends = await resolveEnds(workspace, { from: 'source', to: 'target' });
      await withComparison(workspace, ends, { jobs: 1 }, async ({ all, first, pairs, spool }) => {
        const found = await compareTables(pairs, { crew: all, spool });
        const read = async (table: ComparedTable) => {
          const { fresh, gone } = await fetchRows(first.from, table, spool);
          const lines = { fresh: await textOf(fresh), gone: await textOf(gone) };
          await Promise.all([fresh.close(), gone.close()]);
          return lines;
        };
        const [keylessTable, keyedTable] = found as [ComparedTable, ComparedTable];
        const [keyless, keyed] = [await read(keylessTable), await read(keyedTable)];
        expect(keyedTable.pair.columns.map(({ name }) => name)).toEqual(['note', 'm', 'a', 'b']);
        expect(keyed.fresh.map((line) => line.replace(/-?\d+$/, 'hash'))).toEqual([
          '\\N\tsad\t2\tä\t\\N',
          'tab\\t, line\\n, back\\\\slash\tok\t1\tx\thash',
        ]);
        expect(keyed.gone.map((line) => line.replace(/-?\d+$/, 'hash'))).toEqual(['4\tk\\tey\thash']);
        expect(keyless.fresh).toEqual(['once\t\\N\t\\N', 'twice\t1\t\\N', 'twice\t1\t\\N']);
        expect(keyless.gone.map((line) => line.replace(/^-?\d+/, 'hash'))).toEqual(['hash\t3']);
        // What the target loads of it is what the source has.
        const load = keyed.fresh.map((line) => `${line.split('\t').slice(0, -1).join('\t')}\n`).join('');
        await rowsOf(target.url, 'delete from t where a <> 3');
        await withSession(target.url, (session) =>
          session.copyIn('copy t (note, m, a, b) from stdin', Readable.from([Buffer.from(load)])),
        );
        await Promise.all(found.map((one) => one.spool?.close()));
      });
      const all = 'select a::text, b::text, m::text, note from t order by a';
      expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
    });
  },
);
