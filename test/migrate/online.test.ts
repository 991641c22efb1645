// What is done online ends at the same schema as one plain transaction, with the rows that were there, and
// comes back.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { type Project, projectWithShadow } from '../project/project.ts';
import { losses, type Rows, rowsIn } from '../proof/rows.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { isFull, isTurnOf, servers } from '../servers/running.ts';
import { type OnlinePair, onlinePairs } from './online-pairs.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let own: Project;
let context: Workspace;
let drop: () => Promise<void>;
let url: string;

beforeAll(async () => {
  ({ own, context, drop } = await projectWithShadow(() => url));
});
afterAll(() => drop());
afterEach(() => {
  for (const file of own.files()) own.remove(file);
});

const yes = { yes: true, force: true };
const same = async () => (await compare(context, 'local', context.project.schema)).same;

// Apart from the ledger.
async function held(): Promise<Rows> {
  const rows = await withSession(url, (session) => rowsIn(session));
  return { ...rows, tables: new Map([...rows.tables].filter(([name]) => !name.startsWith('pgmage.'))) };
}
const lost = async (rows: Rows) => losses(rows, await held(), rows, []);

// What the statements of the second migration are: those of transactions, and those that run by themselves.
function statements(from: number): { whole: string; single: string } {
  const texts = own
    .files()
    .slice(from)
    .map((file) => own.read(file));
  const up = (text: string) => text.split(/^-- (?:Up|Down) Migration$/m)[1] ?? '';
  const isSingle = (text: string) => /^-- Transaction: (down|none)$/m.test(text);
  return {
    whole: texts
      .filter((text) => !isSingle(text))
      .map(up)
      .join('\n'),
    single: texts.filter(isSingle).map(up).join('\n'),
  };
}

async function walk(pair: OnlinePair, online: boolean): Promise<void> {
  const { old, new: wanted, seed, alone } = pair;
  own.want(old);
  await sync(context, yes, undefined);
  await rowsOf(url, seed);
  const rows = await held();
  expect(rows.tables.size).toBeGreaterThan(0);
  const [first = '', ...none] = own.files();
  expect(none).toEqual([]);
  own.want(wanted);
  await generate(context, { online });
  const { whole, single } = statements(1);
  if (online) {
    for (const words of alone) expect(single).toMatch(words);
    if (alone.length === 0) expect(single).toBe('');
    expect(whole).not.toMatch(/CONCURRENTLY|NOT VALID/);
  } else expect(single).not.toMatch(/CONCURRENTLY|VALID/);
  await sync(context, { ...yes, online }, undefined);
  expect(await same()).toBe(true);
  expect(await lost(rows)).toEqual([]);
  await rollback(context, { ...yes, version: first.slice(0, 17) }, undefined);
  own.want(old);
  expect(await same()).toBe(true);
  expect(await lost(rows)).toEqual([]);
}

// The oldest and the newest: nothing of it came in between.
const ends = servers().filter((_, at, all) => at === 0 || at === all.length - 1);

describe.each(ends.map((server) => [server.major, server] as const))('PostgreSQL %s', (major, server) => {
  // What is plain is the same SQL as in the cases: here it is only seen that nothing of it is online.
  const manners = server === ends.at(-1) ? (['online', 'plainly'] as const) : (['online'] as const);
  const pairs = onlinePairs.flatMap((pair, at) => {
    const among = ends.filter((end) => (pair.since ?? 15) <= end.major);
    if (!among.some((end) => end.major === major)) return [];
    return manners
      .filter((manner) => (manner === 'plainly' ? isFull || at % 3 === 0 : isTurnOf(server, at, among)))
      .map((manner) => [pair.name, manner, pair] as const);
  });
  test.each(pairs)('%s, %s', async (_, manner, pair) => {
    await withDatabase(server, async (database) => {
      url = database.url;
      await walk(pair, manner === 'online');
    });
  });
});
