// A schema that stands for a whole database: a tenant.

import { quote } from './quote.ts';

/** The schema of a tenant, and the one that its SQL is written for. */
export interface SchemaPair {
  /** The schema in `schema.sql` and in migrations. */
  readonly written: string;
  /** The tenant's schema in the database. */
  readonly actual: string;
}

/** The schema that migrations and the wanted schema of tenants are written for. */
export const writtenSchema = 'public';

/** The schema of the ledger of a database. */
export const ledgerSchema = 'pgmage';

/** The schema of the ledger of a tenant. */
export const tenantLedger = ({ actual }: Pick<SchemaPair, 'actual'>): string => `${ledgerSchema}:${actual}`;

/** True for the schema of a ledger, of a database or of a tenant. */
export const isLedgerSchema = (name: string): boolean =>
  name === ledgerSchema || name.startsWith(`${ledgerSchema}:`);

/** The qualified and quoted name that an object has in a session, which may be of one schema. */
export function nameInSession({ schemas }: { readonly schemas?: SchemaPair }, name: string): string {
  const prefix = schemas === undefined ? '' : `${quote(schemas.written)}.`;
  if (schemas === undefined || !name.startsWith(prefix)) return name;
  return `${quote(schemas.actual)}.${name.slice(prefix.length)}`;
}
