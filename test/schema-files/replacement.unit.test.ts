// The files that db:pull replaces: those of its own place.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Project } from '../../lib/project/project.ts';
import { planReplacement, resolvePlace } from '../../lib/schema-files/write.ts';

test('a folder replaces the file of the wanted schema, and a copy in another folder does not', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-place-'));
  try {
    mkdirSync(join(root, 'schema'));
    writeFileSync(join(root, 'schema/schema.sql'), 'create table a (id int);\n');
    const project = { root, schema: join(root, 'schema/schema.sql') } as Project;
    const removed = async (out?: string) => {
      const place = await resolvePlace(project, { out, split: true });
      const file = `${place.path.slice(root.length + 1)}/tables/public.a.sql`;
      return (await planReplacement(project, place, [{ file, text: 'create table a (id int);\n' }])).removed;
    };
    expect(await removed()).toEqual(['schema/schema.sql']);
    expect(await removed('schema')).toEqual(['schema/schema.sql']);
    expect(await removed('copy/')).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
