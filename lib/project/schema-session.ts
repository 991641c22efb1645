// A session in which one schema stands for the whole database: a tenant's. SQL is written for another schema.

import { quote } from '../model/quote.ts';
import { ledgerSchema, type SchemaPair, tenantLedger } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';
import { makeLegible } from '../problem/legible.ts';
import { Problem } from '../problem/problem.ts';
import { findOldIndex, type RenamedSql, SchemaRenamer } from '../sql/schema-names.ts';

/**
 * The same session for SQL that is written for a tenant's schema: names of that schema become the tenant's,
 * and those of the ledger its ledger's. Names without a schema are the tenant's, too.
 * @throws Problem `tenant_name`
 */
export async function enterSchema(connection: Connection, pair: SchemaPair): Promise<Connection> {
  const { written, actual } = pair;
  refuseName(actual);
  const names = new Map([
    [written, actual],
    [ledgerSchema, tenantLedger(pair)],
  ]);
  const renamer = await SchemaRenamer.load(names, quote(actual));
  const send = async <T>(sql: string, work: (sql: string) => Promise<T>): Promise<T> => {
    const renamed = renamer.rename(sql);
    return work(renamed.sql).catch((thrown: unknown) => {
      throw toWrittenPlace(thrown, renamed);
    });
  };
  const { description, major } = connection;
  return {
    description,
    major,
    schemas: pair,
    rows: (sql, parameters) => send(sql, (own) => connection.rows(own, parameters)),
    batch: (queries) => connection.batch(queries.map((sql) => renamer.rename(sql).sql)),
    // The queries of catalogs, whose rows are read as the tenant's.
    stream: (queries, take) => connection.stream(queries, take),
    execute: (sql) => send(sql, (own) => connection.execute(own)),
    isShared: async () => (await connection.isShared?.()) ?? false,
    close: () => connection.close(),
  };
}

// The server cuts longer names (manual: "Identifiers and Key Words"). The ledger has the longer name.
const longestName = 63;
const longestSchema = longestName - tenantLedger({ actual: '' }).length;

// Names with signs that could end a text or a body are no names of tenants.
function refuseName(schema: string): void {
  const refuse = (reason: string) => new Problem('tenant_name', { schema: makeLegible(schema), reason });
  if (Buffer.byteLength(schema) > longestSchema)
    throw refuse(`its name is longer than ${longestSchema} bytes`);
  if (/[$\\]/.test(schema) || schema !== makeLegible(schema) || schema.trim() === '')
    throw refuse('its name has a dollar sign, a backslash or a control character, or is blank');
}

function toWrittenPlace(thrown: unknown, renamed: RenamedSql): unknown {
  if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data) || thrown.data.position === null)
    return thrown;
  const { code, data, where, cause } = thrown;
  return new Problem(code, { ...data, position: findOldIndex(renamed, data.position) }, { where, cause });
}
