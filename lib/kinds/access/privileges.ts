// Sets of privileges, for grants and default privileges.
/** The privileges of one grantee. */
export interface Privileges {
  /** Sorted names. */
  readonly privileges: readonly string[];
  /** Those of them that the grantee may grant on. */
  readonly grantable: readonly string[];
}

/** Nothing at all. */
export const noPrivileges: Privileges = { privileges: [], grantable: [] };

/** The part of a path that stands for any owner: a name that no role can have. */
export const ownerGrantee = '';
/** The part of a path that stands for PUBLIC: a name that no role can have. */
export const publicGrantee = 'public';

/** All that there is to be granted on a class of objects (manual: table "Summary of Access Privileges"). */
export function listPrivileges(securable: string, major: number): readonly string[] {
  const table = 'DELETE INSERT MAINTAIN REFERENCES SELECT TRIGGER TRUNCATE UPDATE';
  const sets: Readonly<Record<string, string>> = {
    TABLES: major < 17 ? table.replace(' MAINTAIN', '') : table,
    SEQUENCES: 'SELECT UPDATE USAGE',
    FUNCTIONS: 'EXECUTE',
    SCHEMAS: 'CREATE USAGE',
    COLUMNS: 'INSERT REFERENCES SELECT UPDATE',
    'LARGE OBJECTS': 'SELECT UPDATE',
  };
  return (sets[securable] ?? 'USAGE').split(' ');
}

/** The built-in default privileges of a grantee on a new object of a class (source: acldefault in acl.c). */
export function getDefaultPrivileges(securable: string, grantee: string, major: number): Privileges {
  if (securable === 'COLUMNS') return noPrivileges;
  if (grantee === ownerGrantee) return { privileges: listPrivileges(securable, major), grantable: [] };
  const given = grantee === publicGrantee && ['FUNCTIONS', 'TYPES', 'LANGUAGES'].includes(securable);
  return given ? { privileges: listPrivileges(securable, major), grantable: [] } : noPrivileges;
}

/** The same without privileges that a server does not know (manual: MAINTAIN came with 17). */
export function keepKnownPrivileges({ privileges, grantable }: Privileges, major: number): Privileges {
  const those = (list: readonly string[]) => list.filter((name) => major >= 17 || name !== 'MAINTAIN');
  return { privileges: those(privileges), grantable: those(grantable) };
}

/** The privileges in both sets. */
export function intersectPrivileges(a: Privileges, b: Privileges): Privileges {
  const both = (x: readonly string[], y: readonly string[]) => x.filter((name) => y.includes(name));
  return { privileges: both(a.privileges, b.privileges), grantable: both(a.grantable, b.grantable) };
}

/** Two sets together. */
export function unitePrivileges(a: Privileges, b: Privileges): Privileges {
  const both = (x: readonly string[], y: readonly string[]) => [...new Set([...x, ...y])].sort();
  return { privileges: both(a.privileges, b.privileges), grantable: both(a.grantable, b.grantable) };
}

/** True if two sets are equal. */
export function equalPrivileges(a: Privileges, b: Privileges): boolean {
  const both = (x: readonly string[], y: readonly string[]) => x.join() === y.join();
  return both(a.privileges, b.privileges) && both(a.grantable, b.grantable);
}
