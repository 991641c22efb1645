// One short text for a whole schema, the same for schemas between which nothing differs.
import { createHash } from 'node:crypto';
import type { Catalog } from '../model/catalog.ts';
import { takeCompared } from '../model/diff.ts';
import type { Json } from '../model/fact.ts';
import type { Kinds } from '../model/kind.ts';

/**
 * The fingerprint of the compared parts of a catalog, in any order. Only fingerprints of one server version
 * compare.
 */
export function computeFingerprint({ facts }: Catalog, kinds: Kinds): string {
  const schema = [...facts.values()].filter(({ kind }) => !kinds.get(kind)?.data?.ofRows);
  const lines = schema.map(
    ({ id, kind, payload }) => `${id}\n${JSON.stringify(sorted(takeCompared(payload, kinds.get(kind))))}`,
  );
  lines.sort();
  const hash = createHash('sha256');
  for (let at = 0; at < lines.length; at += linesOfPiece)
    hash.update(
      lines
        .slice(at, at + linesOfPiece)
        .map((line) => `${line.length}\n${line}\n`)
        .join(''),
    );
  return hash.digest('hex').slice(0, 32);
}

// A call for each of tens of thousands of lines would take longer than the hash.
const linesOfPiece = 1000;

function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.some(isNested) ? value.map((inner: Json) => sorted(inner)) : value;
  const object = value as Record<string, Json>;
  const names = Object.keys(object).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(object[name] as Json)]));
}

const isNested = (value: Json) => typeof value === 'object' && value !== null;
