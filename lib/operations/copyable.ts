// What of a database can be had a second time, and what is left out of its copies, in words.
import { kinds } from '../kinds/index.ts';
import { type Catalog, withDependents, without } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';

/** What is wanted of a copy. */
export interface Wish {
  /** Owners and privileges as in the source; otherwise everything belongs to the role that copies. */
  readonly owners: boolean;
  /** Extensions of which the target has other versions only. */
  readonly otherVersions: readonly string[];
}

/** What is copied, and what is not. */
export interface Copyable {
  readonly catalog: Catalog;
  /** What is left out, with the reason. */
  readonly left: readonly string[];
}

// A copy of a subscription would take from the publisher what is meant for the source.
const reasons: Readonly<Record<string, (fact: Fact) => string | null>> = {
  subscription: () => 'it would take what the source subscribes to',
  index: ({ payload }) => (payload.valid === false ? 'it is invalid' : null),
};

const privileges = new Set(['owner', 'grant', 'default privilege']);

/** The part of a catalog that a copy has. */
export function copyable(catalog: Catalog, { owners, otherVersions }: Wish): Copyable {
  const facts = [...catalog.facts.values()];
  const left = facts.flatMap((fact) => {
    const reason = reasons[fact.kind]?.(fact);
    return reason == null ? [] : [{ fact, reason }];
  });
  const unsaid = facts.filter(
    ({ kind, path }) =>
      (!owners && privileges.has(kind)) ||
      (kind === 'extension version' && otherVersions.includes(path[0] as string)),
  );
  const gone = withDependents(
    catalog,
    [...left.map(({ fact }) => fact), ...unsaid].map(({ id }) => id),
  );
  return {
    catalog: gone.size === 0 ? catalog : without(catalog, gone),
    left: [
      ...left.map(({ fact, reason }) => `${kinds.get(fact.kind)?.reference(fact)}: ${reason}`),
      ...catalog.unmanaged.map((text) => `${text}: pgmage does not manage it`),
    ],
  };
}
