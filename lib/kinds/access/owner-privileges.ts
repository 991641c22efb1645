// A grant to an owner by name is part of the owner's privileges, because the server has one entry for both.
import type { Catalog } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import { equalPrivileges, ownerGrantee, type Privileges, unitePrivileges } from './privileges.ts';

/** A fact whose path ends with a grantee, as it reads where the owner is known. */
export interface OwnerPrivileges {
  readonly catalog: Catalog;
  readonly owner: string | null;
  /** The fact's id if another role is the owner. */
  idOf(path: readonly string[]): string;
  /** The owner's default privileges. */
  usually(fact: Fact<Privileges>): Privileges;
}

/** The owner's own fact instead of its grant by name; null: the default. Others stay as they are. */
export function settlePrivileges(
  fact: Fact<Privileges>,
  { catalog, owner, idOf, usually }: OwnerPrivileges,
): Fact<Privileges> | null {
  const grantee = fact.path.at(-1);
  if (owner === null || (grantee !== owner && grantee !== ownerGrantee)) return fact;
  const of = (name: string) => {
    const path = [...fact.path.slice(0, -1), name];
    return { ...fact, path, id: idOf(path) };
  };
  const payloadOf = (id: string) => catalog.facts.get(id)?.payload as Privileges | undefined;
  const named = payloadOf(of(owner).id);
  if (named === undefined) return fact;
  const own = of(ownerGrantee);
  const payload = unitePrivileges(payloadOf(own.id) ?? usually(own), named);
  return equalPrivileges(payload, usually(own)) ? null : { ...own, payload };
}
