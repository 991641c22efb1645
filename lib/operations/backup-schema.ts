// What a backup knows of the schema that it holds.

import type { Manifest } from '../flow/manifest.ts';
import { kinds } from '../kinds/index.ts';
import { fingerprintOf } from '../migration/fingerprint.ts';
import type { Catalog } from '../model/catalog.ts';

// What --no-owner and --no-privileges of PostgreSQL's programs leave out.
const ownership = new Set(['owner', 'grant', 'default privilege']);

/** The fingerprints of a catalog. */
export function schemaOf(catalog: Catalog): Manifest['schema'] {
  const facts = [...catalog.facts].filter(([, { kind }]) => !ownership.has(kind));
  return {
    fingerprint: fingerprintOf(catalog, kinds),
    unowned: fingerprintOf({ ...catalog, facts: new Map(facts) }, kinds),
    public: catalog.facts.has('schema:public'),
  };
}
