// Columns with a sequence of their own, in one word: `bigserial`.
import { type Catalog, withRelations } from '../../model/catalog.ts';
import type { Fact, PartPath } from '../../model/fact.ts';
import { literal, qualify } from '../../model/quote.ts';

const words: Readonly<Record<string, readonly [word: string, end: string]>> = {
  smallint: ['smallserial', '32767'],
  integer: ['serial', '2147483647'],
  bigint: ['bigserial', '9223372036854775807'],
};

// The server's settings for a serial (manual: "Serial Types").
const usual = { start: '1', increment: '1', minimum: '1', cache: '1', cycle: false };

/**
 * The catalog in which columns are serials that CREATE TABLE would make just as they are, instead of their
 * parts.
 */
export function foldSerials(catalog: Catalog): Catalog {
  const found = [...catalog.facts.values()].filter(({ kind }) => kind === 'sequence ownership');
  if (found.length === 0) return catalog;
  const uses = new Map<string, string[]>();
  for (const [id, of] of catalog.needs)
    for (const needed of of.keys()) uses.set(needed, [...(uses.get(needed) ?? []), id]);
  const facts = new Map(catalog.facts);
  for (const ownership of found) {
    const serial = serialOf(catalog, ownership, uses);
    if (serial === undefined) continue;
    facts.set(serial.column.id, serial.column);
    for (const id of serial.parts) facts.delete(id);
  }
  return withRelations(catalog, facts, () => catalog);
}

function serialOf(
  { facts }: Catalog,
  ownership: Fact,
  uses: ReadonlyMap<string, readonly string[]>,
): { readonly column: Fact; readonly parts: readonly string[] } | undefined {
  const place = ownership.payload.column as unknown as PartPath;
  const [schema, table, name] = place;
  const sequence = facts.get(ownership.parent ?? '');
  const column = facts.get(`column:${qualify(place)}`);
  const value = facts.get(`default:${qualify(place)}`);
  const notNull = facts.get(`not null:${qualify(place)}`);
  if (!sequence || !column || !value || !notNull || notNull.payload.validated !== true) return undefined;
  const owner = facts.get(`owner:@${sequence.id}`);
  const ownerOfTable = facts.get(`owner:@${column.parent}`);
  const [word, end] = words[String(column.payload.type)] ?? [];
  const own = new Set([ownership.id, value.id, ...(owner ? [owner.id] : [])]);
  const fits =
    word !== undefined &&
    qualify(sequence.path) === qualify([schema, `${table}_${name}_seq`]) &&
    // Longer names are cut by the server.
    Buffer.byteLength(`${table}_${name}_seq`) < 64 &&
    sequence.payload.type === column.payload.type &&
    sequence.payload.maximum === end &&
    Object.entries(usual).every(([key, expected]) => sequence.payload[key] === expected) &&
    sequence.payload.unlogged === facts.get(column.parent ?? '')?.payload.unlogged &&
    value.payload.expression === `nextval(${literal(qualify(sequence.path))}::regclass)` &&
    owner?.payload.owner === ownerOfTable?.payload.owner &&
    column.origins.length === 0 &&
    (uses.get(sequence.id) ?? []).every((id) => own.has(id) || !facts.has(id));
  if (!fits) return undefined;
  const payload = { ...column.payload, type: word };
  return { column: { ...column, payload }, parts: [sequence.id, ...own] };
}
