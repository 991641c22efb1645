// The schemas of the cases are pulled into files that load to the same schema again.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readCatalog } from '../../lib/catalog/read.ts';
import { pull } from '../../lib/commands/pull.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { diff, isEmpty } from '../../lib/model/diff.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { pairsIn } from '../proof/pairs.ts';
import { load, withSession } from '../proof/session.ts';
import { withDatabase } from '../servers/databases.ts';
import { isTurnOf, servers } from '../servers/running.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
  own = project(null, cache);
});
afterAll(() => {
  own.drop();
  rmSync(cache, { recursive: true });
});

const catalogOf = (url: string) =>
  withSession(url, (session) => snapshot(session, (reader) => readCatalog(reader, kinds)));

// A sample of the cases; all of them with PGMAGE_PULL=all. Not those that need what PostgreSQL in WebAssembly
// cannot load (Snowball's dictionaries), or rows in an order that only functions' texts tell.
const beyond = [
  'text-search-dictionary/options-change',
  'population/of-views-that-read-each-other-through-functions',
];
const all = pairsIn(join(import.meta.dirname, '../cases')).filter(
  ({ name, new: schema }) => schema.trim() !== '' && !beyond.includes(name),
);
const ofKind = new Set<string>();
const first = all.filter(({ name }) => {
  const [kind = ''] = name.split('/');
  return !ofKind.has(kind) && ofKind.add(kind);
});
const schemas = process.env.PGMAGE_PULL === 'all' ? all : first.filter((_, at) => at % 3 === 0);

const both = servers().filter(({ major }) => major === 15 || major === 18);

describe.each(both)('PostgreSQL $major', (server) => {
  test('the schemas of the cases load to the same catalog, and are pulled to the same bytes again', async () => {
    const wrong: string[] = [];
    for (const pair of schemas.filter((_, at) => isTurnOf(server, at, both))) {
      const { name, roles, cluster, setup, new: schema } = pair;
      await withDatabase(server, (first) =>
        withDatabase(server, async (second) => {
          try {
            await withSession(first.socket, async (session) => {
              await load(session, roles.map((role) => `create role "${role}";`).join('\n'));
              for (const text of [cluster, setup, schema]) await load(session, text);
            });
          } catch {
            // It is about another version.
            return;
          }
          try {
            const pulled = async (url: string) => {
              await pull(own.context, { from: url, out: 'pulled.sql', force: true }, undefined);
              return readFileSync(join(own.context.project.root, 'pulled.sql'), 'utf8');
            };
            const text = await pulled(first.url);
            await withSession(second.socket, async (session) => {
              await session.execute('set check_function_bodies = off');
              await load(session, text);
            });
            const difference = diff(await catalogOf(first.url), await catalogOf(second.url), kinds);
            if (!isEmpty(difference)) wrong.push(`${name}: ${JSON.stringify(difference)}`);
            const again = await pulled(second.url);
            if (again !== text) wrong.push(`${name}: other bytes\n${text}\n---\n${again}`);
          } catch (thrown) {
            wrong.push(`${name}: ${(thrown as Error).message}`);
          }
        }),
      );
    }
    expect(wrong).toEqual([]);
  });
});
