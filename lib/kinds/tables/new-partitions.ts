// A new partition of a table that is there: its columns are written as those of its parent, and the server
// makes its indexes when it is attached.
import type { Catalog } from '../../model/catalog.ts';
import { isEqual } from '../../model/diff.ts';
import { type Fact, type Json, ownName, type Payload } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

type Facts = Catalog['facts'];

const children = new WeakMap<Facts, ReadonlyMap<string, readonly Fact[]>>();
const parents = new WeakMap<Scope['makes'], Map<string, string | null>>();

function childrenOf(facts: Facts, id: string): readonly Fact[] {
  let index = children.get(facts);
  if (index === undefined) {
    const lists = new Map<string, Fact[]>();
    for (const fact of facts.values()) {
      const list = lists.get(`${fact.parent}`);
      if (list === undefined) lists.set(`${fact.parent}`, [fact]);
      else list.push(fact);
    }
    index = lists;
    children.set(facts, index);
  }
  return index.get(id) ?? [];
}

/** The attachment that makes a table a partition of one that is there already, and stays as it is. */
export function findNewAttachment(table: string, scope: Scope): Fact | undefined {
  const attachment = childrenOf(scope.after.facts, table).find(({ kind }) => kind === 'partition attachment');
  if (attachment === undefined || !scope.makes(attachment.id)) return undefined;
  const parent = getPartitionParent(attachment);
  return scope.before.facts.has(parent) && !scope.makes(parent) ? attachment : undefined;
}

/** The id of the table that a partition is attached to. */
export const getPartitionParent = ({ path }: Fact): string => `table:${qualify(path.slice(2))}`;

/**
 * The clause that gives a new partition what its parent has (manual: CREATE TABLE, LIKE); null: it is another
 * table, or has something else.
 */
export function likeParent(table: string, scope: Scope): string | null {
  if (!table.startsWith('table:') || !scope.makes(table)) return null;
  let known = parents.get(scope.makes);
  if (known === undefined) {
    known = new Map();
    parents.set(scope.makes, known);
  }
  let clause = known.get(table);
  if (clause === undefined) {
    clause = found(table, scope);
    known.set(table, clause);
  }
  return clause;
}

function found(table: string, scope: Scope): string | null {
  const attachment = findNewAttachment(table, scope);
  if (attachment === undefined) return null;
  const parent = getPartitionParent(attachment);
  const { before, after } = scope;
  const theirs = partsOf(after.facts, parent);
  const isSettled = isEqual(theirs, partsOf(before.facts, parent));
  if (!isSettled || !isCopied(theirs) || !isEqual(theirs, partsOf(after.facts, table))) return null;
  const columns = childrenOf(after.facts, parent).filter(({ kind }) => kind === 'column');
  const more = [
    columns.some(({ payload }) => payload.generated !== null) && 'GENERATED',
    columns.some(({ payload }) => payload.customStorage === true) && 'STORAGE',
    columns.some(({ payload }) => payload.compression !== null) && 'COMPRESSION',
  ].filter((word) => word !== false);
  const including = ['DEFAULTS', 'CONSTRAINTS', ...more].map((word) => ` INCLUDING ${word}`).join('');
  return `LIKE ${qualify(attachment.path.slice(2))}${including}`;
}

const copied = new Set(['column', 'default', 'not null', 'check', 'identity']);

// The parts of a table, in the order of its columns, without its own name.
function partsOf(facts: Facts, table: string): Json {
  const own = childrenOf(facts, table).filter(({ kind }) => copied.has(kind));
  const columns = own
    .filter(({ kind }) => kind === 'column')
    .sort((a, b) => a.position - b.position)
    .map((column) => [
      told(column),
      childrenOf(facts, column.id).filter(isCopiedKind).map(told).sort(byText),
    ]);
  return [
    columns,
    own
      .filter(({ kind }) => kind === 'check')
      .map(told)
      .sort(byText),
  ] as Json;
}

const isCopiedKind = ({ kind }: Fact) => copied.has(kind);
const byText = (a: Json, b: Json) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const told = ({ kind, path, outlives = false, payload }: Fact): Json => [
  kind,
  ownName(path),
  outlives,
  { ...payload, local: true } as Payload as Json,
];

// LIKE copies neither statistics targets nor identities, and validates all checks.
function isCopied(parts: Json): boolean {
  const text = JSON.stringify(parts);
  return (
    !text.includes('["identity",') &&
    !/"statistics":\d|"options":\["|"(validated|enforced)":false|"noInherit":true/.test(text)
  );
}
