// A partition's own indexes that equal those which are to belong to its parent's: the server takes the oldest
// that fits.
import type { Catalog } from '../../model/catalog.ts';
import { isEqual } from '../../model/diff.ts';
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';

const schemaAndName = ({ path: [schema = '', , name = ''] }: Fact) => [schema, name] as const;

const isAttached = ({ facts }: Catalog, index: Fact) =>
  facts.has(`index attachment:${qualify(schemaAndName(index))}`);

/**
 * Statements before an existing table is attached: the old index and the new one, which will be attached to
 * the parent's index, exchange their names.
 */
export function exchangeNames(table: string, { before, after }: Scope): string[] {
  if (!before.facts.has(table)) return [];
  const indexes = [...after.facts.values()].filter(
    ({ kind, parent }) => kind === 'index' && parent === table,
  );
  const fresh = indexes.filter((index) => isAttached(after, index) && !before.facts.has(index.id));
  const old = indexes.filter(
    (index) => !isAttached(after, index) && isEqual(before.facts.get(index.id)?.payload, index.payload),
  );
  return fresh.flatMap((index) => {
    const at = old.findIndex(({ payload }) => isEqual(payload, index.payload));
    const [rival] = at < 0 ? [] : old.splice(at, 1);
    return rival === undefined ? [] : exchange(rival, index);
  });
}

function exchange(one: Fact, other: Fact): string[] {
  const [schema, name] = schemaAndName(one);
  const [, second] = schemaAndName(other);
  // Longer names are cut, which would be no other name then.
  const between = `${name.slice(0, 15)}_${second.slice(0, 15)}_exchanged`;
  const rename = (from: string, to: string) =>
    `ALTER INDEX ${qualify([schema, from])} RENAME TO ${quote(to)}`;
  return [rename(name, between), rename(second, name), rename(between, second)];
}
