// How time and memory grow with the size of a schema.
import { withSession } from '../test/proof/session.ts';
import { query } from '../test/servers/server.ts';
import { generatedSchema } from './changes.ts';
import { type Measured, once, type Program, race } from './measure.ts';
import { changedCopy, type Desk, diffProgram, type Part } from './parts.ts';
import { makePlace, type ShadowKind, shadowKinds, within } from './places.ts';
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
  const { server } = desk;
  const part = `${size} tables ${server.major}`;
  const name = `tables_${size}`;
  const texts = generatedSchema(size);
  await query(server.socket(), `create database ${name} template template0 strategy file_copy`);
  await withSession(server.socket(name), async (session) => {
    for (const text of texts) await session.execute(text);
  });
  const url = server.url(name);
  const changed = await changedCopy(desk, name);
  const place = (kind: ShadowKind) =>
    makePlace(desk, kind, { name: `${name}_${kind}`, url, text: texts.join('\n') });
  const places = shadowKinds.map((kind) => ({ kind, place: place(kind) }));

  const reading: Program = { name: 'read the catalog', command: [process.execPath, desk.reader, url] };
  const first: Line[] = [];
  for (const { kind, place } of places) {
    const title = `first db:status, ${kind}`;
    const measured = await once(place.program(title, 'db:status --check'));
    first.push({ part, measured, ...(size === 5000 && kind === 'native' && goal(measured)) });
  }
  const programs = [
    reading,
    { ...diffProgram(desk, url, changed), name: 'db:diff, 20 differences' },
    { ...diffProgram(desk, 'empty', url), name: 'db:diff from empty', cwd: desk.directory },
    ...places.map(({ kind, place }) => place.program(`db:status, ${kind}`, 'db:status --check')),
  ];
  // What takes seconds needs no warming up.
  const big = size > 1000;
  const raced = await race(programs, big ? 1 : Math.min(desk.rounds, 3), big);
  return [...raced.map((measured) => ({ part, measured })), ...first];
}

// The first status of 5,000 tables.
const goal = (measured: Measured) => ({ ratio: within(30, measured, 800) });
