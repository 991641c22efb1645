// Ledgers of tenants whose schema is gone: a schema that was renamed has left its ledger behind.
import { literal, quote } from '../model/quote.ts';
import { ledgerSchema, tenantLedger } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';

const prefix = `${ledgerSchema}:`;

// It takes the literal of a name that begins so, and gives the first few.
const lostQuery = `select n.nspname::text as name from pg_namespace n
  where starts_with(n.nspname::text, ${literal(prefix)}) and not exists (select from pg_namespace t
    where t.nspname::text = substr(n.nspname::text, ${prefix.length + 1}))
  order by 1 limit 3`;

/** The statements of which one gives a tenant the ledger of its old name; none for a whole database. */
export async function findLostLedgers(connection: Connection): Promise<string[]> {
  const { schemas } = connection;
  if (schemas === undefined) return [];
  const lost = await queryPinned<{ name: string }>(connection, lostQuery);
  return lost.map(({ name }) => `ALTER SCHEMA ${quote(name)} RENAME TO ${quote(tenantLedger(schemas))}`);
}
