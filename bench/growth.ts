// How time and memory grow with the size of a schema.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withSession } from '../test/proof/session.ts';
import { query } from '../test/servers/server.ts';
import { generatedSchema } from './changes.ts';
import { once, type Program, race } from './measure.ts';
import { changedCopy, type Desk, diffProgram, type Part, statusProgram } from './parts.ts';
import type { Line } from './table.ts';

/** Reads, compares, plans from nothing and tells the status of generated schemas of so many tables. */
export const growth =
  (sizes: readonly number[]): Part =>
  async (desk) => {
    const lines: Line[] = [];
    for (const size of sizes) lines.push(...(await grow(desk, size)));
    return lines;
  };

async function grow(desk: Desk, size: number): Promise<Line[]> {
  const { server, directory } = desk;
  const part = `${size} tables ${server.major}`;
  const name = `tables_${size}`;
  const texts = generatedSchema(size);
  await query(server.socket(), `create database ${name} template template0 strategy file_copy`);
  await withSession(server.socket(name), async (session) => {
    for (const text of texts) await session.execute(text);
  });
  const url = server.url(name);
  const changed = await changedCopy(desk, name);
  const root = join(directory, name);
  mkdirSync(join(root, 'schema'), { recursive: true });
  writeFileSync(join(root, 'schema/schema.sql'), texts.join('\n'));

  const reading: Program = { name: 'read the catalog', command: [process.execPath, desk.reader, url] };
  const status = statusProgram(desk, root, url);
  const planning = { ...diffProgram(desk, 'empty', url), cwd: root };
  const first = await once({ ...status, name: 'db:status, the first time' });
  const programs = [
    reading,
    { ...diffProgram(desk, url, changed), name: 'db:diff, 20 differences' },
    { ...planning, name: 'db:diff from empty' },
    { ...status, name: 'db:status' },
  ];
  // What takes seconds needs no warming up.
  const big = size > 1000;
  return [...(await race(programs, big ? 1 : Math.min(desk.rounds, 3), big)), first].map((measured) => ({
    part,
    measured,
  }));
}
