// The owner of an object, and the privileges of other roles on it.
import type { DescribedGrant } from '../describe/description.ts';
import { listPrivileges } from '../kinds/access/privileges.ts';
import { shadowRole } from '../model/catalog.ts';
import { quote } from '../model/quote.ts';
import type { Block } from './blocks.ts';

/** Privileges on an object, or on some of its columns. */
export interface GrantedOn {
  readonly grants: readonly DescribedGrant[];
  /** The name of the column; null: the whole object. */
  readonly columns: string | null;
}

/** A line with the owner; nothing where schema files leave it open. */
export function describeOwner(owner: string): Block[] {
  if (owner === shadowRole || owner === 'pg_database_owner') return [];
  return [{ is: 'paragraph', text: ['Owner: ', { code: quote(owner) }] }];
}

/**
 * A table of privileges; nothing where only the owner has any.
 * @param securable the class of the object, as default privileges name it
 */
export function describeGrants(securable: string, major: number, granted: readonly GrantedOn[]): Block[] {
  const rows = granted.flatMap(({ grants, columns }) =>
    grants.map(({ role, privileges }) => [
      [{ code: role === 'PUBLIC' ? role : quote(role) }],
      [{ code: shorten(privileges, columns === null ? securable : 'COLUMNS', major).join(', ') }],
      columns === null ? [''] : [{ code: quote(columns) }],
    ]),
  );
  if (rows.length === 0) return [];
  const hasColumns = granted.some(({ grants, columns }) => columns !== null && grants.length > 0);
  const head = ['Role', 'May', ...(hasColumns ? ['Column'] : [])];
  return [{ is: 'table', head, rows: rows.map((row) => row.slice(0, head.length)) }];
}

// Newer servers know more privileges, so that all of them are one word.
function shorten(privileges: readonly string[], securable: string, major: number): readonly string[] {
  const all = listPrivileges(securable, major);
  return all.length > 1 && all.every((name) => privileges.includes(name)) ? ['ALL'] : privileges;
}
