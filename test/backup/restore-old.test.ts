// Backups that pgmage 0.1.0 made on PostgreSQL 15.20: it took `pg_attver` of each column for schema
// (backup/from-0.1.0).
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { restore } from '../../lib/commands/restore.ts';
import { detectFormat } from '../../lib/flow/formats.ts';
import { type Manifest, manifestPath } from '../../lib/flow/manifest.ts';
import { failure } from '../failure.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { backupProject, dumpable } from './scene.ts';

const made = join(import.meta.dirname, 'from-0.1.0');
const files = readdirSync(made).filter((name) => detectFormat(name) !== null);
const consent = { yes: true, force: true };
const loadable = new Set((await dumpable('restores of old dumps')).map(({ version }) => version));

const found = `select (select count(*)::int from orders) as orders, (select sum(total)::text
  from totals) as total,
  array(select o from pg_attribute, unnest(attoptions) o where attrelid = 'customers'::regclass
  and attname = 'email'
    and o like 'n_%') as options`;

test('there is one of each format', () => {
  expect(files.map(detectFormat).sort()).toEqual(['custom', 'directory', 'native', 'plain']);
});

// Restores a file as it is, or with a manifest that says something else and is sealed so.
async function restored(url: string, file: string, edit: (manifest: Manifest) => object = (same) => same) {
  const own = backupProject({ prod: 'postgres://nowhere', target: url });
  try {
    cpSync(made, own.folder, { recursive: true });
    const path = manifestPath(join(own.folder, file));
    const { seal: _, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
    const edited = edit(manifest);
    const seal = createHash('sha256').update(JSON.stringify(edited)).digest('hex');
    writeFileSync(path, JSON.stringify({ ...edited, seal }));
    return await restore(own.context, join(own.folder, file), { to: 'target', ...consent }, undefined);
  } finally {
    own.drop();
  }
}

for (const server of servers())
  for (const file of files) {
    const format = detectFormat(file);
    if (format !== 'native' && !loadable.has(server.version)) continue;
    test(`PostgreSQL ${server.version}, ${format}: is restored with its rows`, async () => {
      await withDatabase(server, async ({ url }) => {
        const { proof } = await restored(url, file);
        const ofDump = server.major === 15 ? 'other release' : 'other version';
        expect(proof).toMatchObject({ schema: format === 'native' ? 'same' : ofDump, tables: 2, rows: 5 });
        expect(await rowsOf(url, found)).toEqual([
          { orders: 3, total: '13.50', options: ['n_distinct=-0.5'] },
        ]);
      });
    });
    if (format === 'native' || server.major !== 15) continue;
    const others: Record<string, (manifest: Manifest) => object> = {
      'of an earlier server': (manifest) => ({
        ...manifest,
        server: { ...manifest.server, version: '15.18 (Debian 15.18-0+deb12u1)' },
      }),
      'of a later pgmage': (manifest) => ({ ...manifest, schema: { ...manifest.schema, reader: 2 } }),
    };
    for (const [name, edit] of Object.entries(others))
      test(`PostgreSQL ${server.version}, ${format}: a backup ${name} with another schema is refused`, async () => {
        await withDatabase(server, async ({ url }) => {
          const problem = await failure(restored(url, file, edit));
          expect(problem).toMatchObject({
            code: 'not_as_backed_up',
            data: { differences: ['its schema differs'] },
          });
        });
      });
  }
