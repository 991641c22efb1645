// pg_dump carries a database over, and the target hears of a commit only where it came to its end.
import { expect, test, vi } from 'vitest';
import { findClients } from '../../lib/flow/client.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { diff } from '../../lib/model/diff.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { killChild, terminate, whileHeld } from '../backup/faults.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { thorough } from '../thorough.ts';
import { cloned, contextOf, more, reservedLater, wholeOf } from './cloning.ts';
import { attic, shop, stateOf } from './struck.ts';
import { ways, withPair } from './ways.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const clients = await findClients();

function canDump(major: number): boolean {
  const [newestClient] = clients;
  if (newestClient !== undefined && newestClient.major >= major) return true;
  const found = newestClient === undefined ? 'none' : `only ${newestClient.version}`;
  process.stdout.write(`NOT RUN: the pipe engine needs pg_dump ${major}, and there is ${found} here\n`);
  return false;
}

test.each(ways)('pg_dump carries everything over: $name', async ({ from, to }) => {
  if (!canDump(from.major)) return;
  await withPair(from, to, async (source, target) => {
    await rowsOf(source.url, everything);
    await rowsOf(source.url, `${more};${reservedLater}`);
    await rowsOf(
      target.url,
      'create table old (n int); insert into old values (1); select lo_from_bytea(7, $$x$$)',
    );
    const context = contextOf(source.url, target.url);
    const report = await cloned(context, { engine: 'pipe' });
    expect(report.engine).toBe(`pg_dump ${clients[0]?.version}`);
    const [a, b] = [await wholeOf(source.url), await wholeOf(target.url)];
    expect(b.digests).toEqual(a.digests);
    if (from.major === to.major)
      expect(diff(b.catalog, a.catalog, kinds)).toEqual({ added: [], removed: [], changed: [] });
    const empty = await cloned(context, { engine: 'pipe', excludeData: ['many'], noOwner: true });
    expect(empty.done?.tables.map(({ name }) => name)).not.toContain('public.many');
    expect(await rowsOf(target.url, 'select from many')).toEqual([]);
    await cloned(context, { engine: 'pipe', schemaOnly: true });
    expect(await rowsOf(target.url, 'select from every')).toEqual([]);
    expect((await failure(cloned(context, { engine: 'pipe', mask: ['every.word=@null'] }))).code).toBe(
      'bad_option',
    );
  });
});

// So late each time that each table is told.
function makeClock(): () => Date {
  let clock = Date.now();
  return () => {
    clock += 3000;
    return new Date(clock);
  };
}

test('who refreshes a view while pg_dump works does not make it wait for ever', async () => {
  const server = servers().find(({ major }) => canDump(major));
  if (server === undefined) return;
  await withPair(server, server, async (source, target) => {
    await rowsOf(
      source.url,
      'create table t as select i from generate_series(1, 1000) i; create materialized view v as' +
        ' select * from t',
    );
    let refreshed: Promise<unknown> | undefined;
    const context = contextOf(source.url, target.url, {
      now: makeClock(),
      progress: (line) => {
        if (line.startsWith('Copying')) refreshed ??= rowsOf(source.url, 'refresh materialized view v');
      },
    });
    const { done } = await cloned(context, { engine: 'pipe' });
    await refreshed;
    expect(refreshed).toBeDefined();
    expect(done?.tables).toEqual([{ name: 'public.t', rows: 1000 }]);
    expect(await rowsOf(target.url, 'select count(*)::int as rows from v')).toEqual([{ rows: 1000 }]);
  });
}, 60_000);

test.each([
  ['pg_dump is killed', 'client_failed', async () => killChild('pg_dump')],
  // A session that was lost would be tried again.
  [
    'the backend of pg_dump is terminated',
    'interrupted',
    ({ socket }: Database) => terminate(socket, 'pg_dump'),
  ],
] as const)('%s among the rows: the target is as it was', async (what, code, strike) => {
  const [way] = ways.filter(({ from }) => canDump(from.major));
  if (way === undefined) return;
  const trials = thorough ? 10 : 1;
  for (let trial = 0; trial < trials; trial++)
    await withPair(way.from, way.from, async (source, target) => {
      await rowsOf(source.socket, shop.replace('generate_series(1, 8000)', 'generate_series(1, 80000)'));
      await rowsOf(target.socket, attic);
      const [whole, before] = [await wholeOf(source.socket), await wholeOf(target.socket)];
      const pause = async () => {
        throw new Problem('interrupted', { state: 'It is not tried again.' });
      };
      let struck: Promise<boolean> | undefined;
      const progress = (line: string) => {
        if (line.startsWith('Copying public.events')) struck ??= whileHeld('pg_dump', () => strike(source));
      };
      const context = contextOf(source.url, target.url, { pause, progress, now: makeClock() });
      const thrown: unknown = await cloned(context, { engine: 'pipe' }).then(
        () => null,
        (error: unknown) => error,
      );
      expect(await struck).toBe(true);
      expect(thrown).toMatchObject({ code });
      expect(await stateOf(target, before, whole)).toBe('unchanged');
    });
  process.stdout.write(`${trials} trials: ${what}: unchanged\n`);
});
