// Thousands of definitions that two servers, or two readings, write differently: run in the shadow batch by
// batch.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare } from '../../lib/compare/compare.ts';
import { splitForReading } from '../../lib/compare/read-back.ts';
import type { Catalog } from '../../lib/model/catalog.ts';
import { readSource } from '../../lib/project/source.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';

const [tables, checks] = [50, 42];

// Each server tells `in` on a varchar in other words once it is given its own text back.
const inList = (column: string) => `${column} in ('new', 'old')`;
const givenBack = (column: string) =>
  `((${column})::text = any (array[('new'::character varying)::text, ('old'::character varying)::text]))`;

function schema(check: (column: string) => string): string {
  const table = (name: string) => {
    const columns = Array.from({ length: checks }, (_, at) => `c${at} varchar(9)`);
    const all = Array.from(
      { length: checks },
      (_, at) => `constraint ${name}_c${at} check (${check(`c${at}`)})`,
    );
    return `create table ${name} (${[...columns, ...all].join(', ')});
      create index ${name}_few on ${name} (c0) where ${check('c1')};
      create view v_${name} as select c0, count(*) as of from ${name} where ${check('c2')} group by c0;`;
  };
  return Array.from({ length: tables }, (_, at) => table(`t${at}`)).join('\n');
}

let cache: string;
let own: Project;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

async function read(text: string): Promise<Catalog> {
  const file = join(own.context.project.root, 'one.sql');
  await writeFile(file, text);
  return readSource(own.context, file);
}

for (const server of servers())
  test(`PostgreSQL ${server.version}: thousands of definitions read differently, and the one that` +
    ' differs is found', async () => {
    await withDatabase(server, async ({ url }) => {
      own = project(url, cache);
      try {
        const target = await own.context.world.environment();
        await query(url, schema(givenBack));
        await writeFile(own.context.project.schema, schema(inList));
        expect((await compare(own.context, target.name, own.context.project.schema)).changes).toEqual([]);
        const other = schema(inList).replace(
          `constraint t7_c7 check (${inList('c7')})`,
          `constraint t7_c7 check (c7 in ('new', 'odd'))`,
        );
        await writeFile(own.context.project.schema, other);
        const { diff } = await compare(own.context, target.name, own.context.project.schema);
        const ids = [...diff.added, ...diff.removed, ...diff.changed.map(({ to }) => to)].map(({ id }) => id);
        expect(ids).toEqual(['check:public.t7.t7_c7']);
      } finally {
        own.drop();
      }
    });
  }, 120_000);

test('a batch holds what its facts need, and no more than it has room for', async () => {
  own = project('postgres://nowhere', cache);
  try {
    const catalog = await read(schema(inList));
    const ids = [...catalog.facts.values()].filter(({ kind }) => kind !== 'column').map(({ id }) => id);
    const batches = splitForReading(catalog, ids, 500);
    const sizes = batches.map(({ facts }) => facts.size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
    // 50 tables of 42 columns and 42 checks each are more than 4,000 facts.
    expect(sizes.length).toBeGreaterThan(8);
    expect(sizes.length).toBeLessThan(25);
    const found = new Set(batches.flatMap(({ facts }) => [...facts.keys()]));
    expect(ids.filter((id) => !found.has(id))).toEqual([]);
    for (const { facts } of batches)
      for (const { id, parent } of facts.values()) {
        const needed = [...(catalog.needs.get(id)?.keys() ?? []), ...(parent === null ? [] : [parent])];
        expect(needed.filter((one) => !facts.has(one))).toEqual([]);
      }
    // A view is made beside its table. Where a batch is full the table is made in the next one, too.
    const homes = batches.filter(({ facts }) => facts.has('table:public.t30'));
    expect(homes.length).toBeLessThan(3);
    expect(homes.at(-1)?.facts.has('view:public.v_t30')).toBe(true);
  } finally {
    own.drop();
  }
});
