// Verifies a copy: schemas fact by fact, rows by their digests, the rest by its statements.

import { isDoubtful } from '../compare/canonicalize.ts';
import type { Digest, DigestRelation } from '../flow/digest.ts';
import { describeLargeObjects } from '../flow/large-objects.ts';
import type { SequenceValue } from '../flow/sequences.ts';
import type { TableRows } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { getHolding, isMaterializedView, isSequence, materializedViewId } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import { type Changed, diff } from '../model/diff.ts';
import type { Fact, Json } from '../model/fact.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { asText, digestQuery } from '../pg/row-hash.ts';
import type { CopySelection } from './selection.ts';

/**
 * The relations to compare, with masks applied. Sequences are not among them, because they may advance
 * meanwhile.
 */
export function selectDigests(
  all: readonly DigestRelation[],
  { facts }: Catalog,
  tables: readonly TableRows[],
  { objects, masks }: { readonly objects: boolean; readonly masks: boolean },
): DigestRelation[] {
  const known = new Map(tables.map((table) => [table.name, table]));
  return all.flatMap((one) => {
    if (isSequence(one) || (one.kind === 'large objects' && !objects)) return [];
    if (isMaterializedView(one)) return facts.has(materializedViewId(one.name)) ? [one] : [];
    const table = known.get(one.name);
    if (one.kind === 'large objects' || (table === undefined && !masks)) return [one];
    if (table === undefined) return [];
    const { expressions, systems = [], columns, condition } = table;
    if (expressions === undefined) return [one];
    const texts = (masks ? expressions : columns).map((sql, at) => asText(sql, systems[at]));
    return [{ ...one, query: digestQuery(one.name, texts, condition) }];
  });
}

/** The digests of relations that are copied without rows. */
export function makeEmptyDigests(tables: readonly TableRows[], objects: boolean): Digest[] {
  const none = { rows: 0, hash: '0' };
  return [
    ...tables.map(({ name }): Digest => ({ kind: getHolding('r'), name, ...none })),
    ...(objects ? [] : [{ kind: 'large objects' as const, name: '', ...none }]),
  ];
}

/**
 * The differences between the reached and the wanted schema, and the number of definitions that only read
 * differently.
 */
export function compareSchemas(
  reached: Catalog,
  wanted: Catalog,
): { wrong: string[]; extra: string[]; reworded: number } {
  const { added, removed, changed } = diff(reached, wanted, kinds);
  const name = (fact: Fact) => `${kinds.get(fact.kind)?.reference(fact) ?? fact.id} (${fact.kind})`;
  // A definition that reads differently was created from the source's own text, which the target prints in
  // its own way.
  const isReworded = (pair: Changed) =>
    reached.major === wanted.major
      ? isDoubtful(pair)
      : pair.attributes.every((one) => areTexts(pair.from.payload[one], pair.to.payload[one]));
  const wrong = changed.filter((pair) => !isReworded(pair));
  return {
    wrong: [
      ...added.map((fact) => `${name(fact)} is missing`),
      ...wrong.map(({ to, attributes }) => `${name(to)} has another ${attributes.join(', ')}`),
    ],
    extra: removed.map((fact) => `${name(fact)} is not expected`),
    reworded: changed.length - wrong.length,
  };
}

function areTexts(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, at) => areTexts(one, b[at]));
  return typeof a === 'string' && typeof b === 'string';
}

/** Sequences that do not have the value that was set. */
export function compareSequences(
  before: readonly SequenceValue[],
  after: readonly SequenceValue[],
): string[] {
  const known = new Map(after.map((one) => [one.name, one]));
  return before
    .filter(({ name, last, called }) => known.get(name)?.last !== last || known.get(name)?.called !== called)
    .map(({ name }) => `sequence ${name} has another value`);
}

/** Missing statements of the target's large objects. @throws Problem of a connection */
export async function compareLargeObjects(
  source: ServerConnection,
  target: ServerConnection,
  { owners }: CopySelection,
): Promise<string[]> {
  const wanted = await describeLargeObjects(source, owners);
  const reached = await describeLargeObjects(target, owners);
  const there = new Set(reached);
  return wanted.filter((sql) => !there.has(sql)).map((sql) => `missing: ${sql}`);
}
