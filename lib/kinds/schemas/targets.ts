// The objects of comments, owners, grants and security labels: facts of any kind.
import { type Catalog, getParent } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import { isMadeByUser } from '../../model/introspection.ts';
import type { Scope } from '../../model/kind.ts';

/** The fact that this one sits on. Both sides know it, unless it comes or goes along. */
export function getTarget(
  fact: Pick<Fact, 'parent'>,
  { before, after }: Pick<Scope, 'before' | 'after'>,
): Fact {
  const id = fact.parent as string;
  return (after.facts.get(id) ?? before.facts.get(id)) as Fact;
}

/** The name of this fact's object in COMMENT ON and similar commands; a signature names the part of it. */
export function formatReference(fact: Fact<unknown>, scope: Scope): string {
  const target = getTarget(fact, scope);
  return fact.signature || (scope.kinds.get(target.kind)?.reference(target) ?? target.id);
}

/** The name of this fact's object in GRANT. */
export function formatSecurable(target: Fact, { kinds }: Pick<Scope, 'kinds'>): string {
  const kind = kinds.get(target.kind);
  return kind?.securable?.(target) ?? kind?.reference(target) ?? target.id;
}

/** The class of objects that a fact is one of, as ALTER DEFAULT PRIVILEGES calls it where it knows it. */
export function formatClass(target: Fact, scope: Pick<Scope, 'kinds'>): string {
  const [, word = ''] =
    /^(FOREIGN DATA WRAPPER|FOREIGN SERVER|[A-Z]+)/.exec(formatSecurable(target, scope)) ?? [];
  const classes: Readonly<Record<string, string>> = { PROCEDURE: 'FUNCTIONS', DOMAIN: 'TYPES' };
  return classes[word] ?? `${word}S`;
}

/** The object of this fact for messages, from the fact alone: `TABLE public.users`. */
export function describeParent({ parent }: Pick<Fact, 'parent'>): string {
  return (parent ?? '').replace(/^([^:]*):/, (_, kind: string) => `${kind.toUpperCase()} `);
}

/** The owner of an object, or of its parent; null: unknown. */
export function findOwner(catalog: Catalog, fact: Fact | undefined): string | null {
  for (let at = fact; at !== undefined; at = getParent(catalog, at)) {
    const owner = catalog.facts.get(`owner:@${at.id}`)?.payload.owner;
    if (typeof owner === 'string') return owner;
  }
  return null;
}

/**
 * SQL for the condition that an object is the user's own: not the system's or an extension's. See
 * `buildOwnCondition`.
 */
export function buildOwnObject(catalog: string, oid: string): string {
  return `(${isMadeByUser(oid)} or ${catalog} = 'pg_namespace'::regclass
    and ${oid} = to_regnamespace('public'))
    and not exists (select from pg_depend e where e.classid = ${catalog} and e.objid = ${oid}
    and e.deptype = 'e')`;
}
