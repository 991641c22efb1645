// One short text for a whole schema, the same for schemas between which nothing differs.
import { createHash } from 'node:crypto';
import type { Catalog } from '../model/catalog.ts';
import { sortUnordered } from '../model/diff.ts';
import type { Json } from '../model/fact.ts';
import type { Kinds } from '../model/kind.ts';

/**
 * The fingerprint of the compared parts of a catalog, in any order. Only fingerprints of one server version
 * compare.
 */
export function computeFingerprint({ facts }: Catalog, kinds: Kinds): string {
  const schema = [...facts.values()].filter(({ kind }) => !kinds.get(kind)?.data?.ofRows);
  const lines = schema.map(
    ({ id, kind, payload }) => `${id}\n${JSON.stringify(sorted(sortUnordered(payload, kinds.get(kind))))}`,
  );
  const hash = createHash('sha256');
  for (const line of lines.sort()) hash.update(`${line.length}\n${line}\n`);
  return hash.digest('hex').slice(0, 32);
}

function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner: Json) => sorted(inner));
  const entries = Object.entries(value as Record<string, Json>).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}
