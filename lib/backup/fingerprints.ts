// The description of a schema in a manifest.

import type { Manifest } from '../flow/manifest.ts';
import { kinds } from '../kinds/index.ts';
import { schemaId } from '../kinds/named-objects.ts';
import { computeFingerprint } from '../migration/fingerprint.ts';
import type { Catalog } from '../model/catalog.ts';

// The minor releases of 13 November 2026. They store an entry of their own (`pg_attver`) in the options of
// each column, another number in each table, and 0.1.0 took it into the fingerprints.
const withEntries: Readonly<Record<number, number>> = { 15: 20, 16: 16, 17: 12, 18: 6 };

/** True if no database can have the fingerprints of a manifest, not even the original one. */
export function hasUniqueFingerprints({ schema, server }: Pick<Manifest, 'schema' | 'server'>): boolean {
  const [, minor] = /^\d+\.(\d+)/.exec(server.version) ?? [];
  const first = withEntries[server.major];
  return schema.reader === undefined && first !== undefined && Number(minor) >= first;
}

/** The fingerprints of a catalog. */
export function describeSchema(catalog: Catalog): Manifest['schema'] {
  const facts = [...catalog.facts].filter(([, { kind }]) => !kinds.get(kind)?.data?.ownership);
  return {
    reader: 2,
    fingerprint: computeFingerprint(catalog, kinds),
    unowned: computeFingerprint({ ...catalog, facts: new Map(facts) }, kinds),
    public: catalog.facts.has(schemaId('public')),
  };
}
