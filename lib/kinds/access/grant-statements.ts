// From one set of privileges to another: GRANT and REVOKE.
import { shadowRole } from '../../model/catalog.ts';
import type { Scope } from '../../model/kind.ts';
import { quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { keepKnownPrivileges, ownerGrantee, type Privileges, publicGrantee } from './privileges.ts';

/** The parts of GRANT and REVOKE for one object. */
export interface GrantWords {
  /** The text before the verb. */
  readonly before?: string;
  /** `TABLE public.t`. */
  readonly on: string;
  /** As SQL, quoted. */
  readonly grantee: string;
  /** All that can be granted. */
  readonly all: readonly string[];
  /** Major version, of `findGrantMajor`: privileges that it does not know are left out. */
  readonly major: number;
  /** For a column: its name, quoted. */
  readonly column?: string;
}

/**
 * The oldest major version of the two sides and of the server that runs the statements. A privilege that one
 * of them does not know is not compared.
 */
export function findGrantMajor({ major, before, after }: Pick<Scope, 'major' | 'before' | 'after'>): number {
  return Math.min(major, before.major, after.major);
}

/**
 * Statements from one set of privileges to another. Uncertain privileges are granted or revoked again.
 * @param atLeast privileges that the grantee certainly has
 * @param atMost privileges that the grantee may have
 */
export function writeGrants(
  atLeast: Privileges,
  atMost: Privileges,
  wanted: Privileges,
  wording: GrantWords,
): Statement[] {
  const [least, most, to] = [atLeast, atMost, wanted].map((set) =>
    keepKnownPrivileges(set, wording.major),
  ) as [Privileges, Privileges, Privileges];
  const without = (list: readonly string[], other: readonly string[]) =>
    list.filter((name) => !other.includes(name));
  const { before = '', on, grantee, all, column } = wording;
  const list = (names: readonly string[]) => {
    const words = names.length > 1 && without(all, names).length === 0 ? ['ALL'] : names;
    return words.map((word) => (column === undefined ? word : `${word} (${column})`)).join(', ');
  };
  const statement = (names: readonly string[], sql: string): Statement[] =>
    names.length === 0 ? [] : [{ sql: `${before}${sql}`, hazards: ['changes_privileges'] }];
  const revoked = without(most.privileges, to.privileges);
  const kept = without(without(most.grantable, to.grantable), revoked);
  const again = without(to.grantable, least.grantable);
  const given = without(without(to.privileges, least.privileges), again);
  return [
    ...statement(revoked, `REVOKE ${list(revoked)} ON ${on} FROM ${grantee}`),
    ...statement(kept, `REVOKE GRANT OPTION FOR ${list(kept)} ON ${on} FROM ${grantee}`),
    ...statement(given, `GRANT ${list(given)} ON ${on} TO ${grantee}`),
    ...statement(again, `GRANT ${list(again)} ON ${on} TO ${grantee} WITH GRANT OPTION`),
  ];
}

/** The grantee as SQL. `owner`: null if unknown; then, as with the shadow's role, it is the current user. */
export function formatGrantee(name: string, owner: string | null): string {
  if (name === publicGrantee) return 'PUBLIC';
  const role = name === ownerGrantee ? owner : name;
  return role === null || role === shadowRole ? 'CURRENT_USER' : quote(role);
}
