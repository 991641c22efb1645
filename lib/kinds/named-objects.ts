// Facts that other folders look up by their object's name: tables and other relations with rows, schemas,
// extensions.
import type { Catalog } from '../model/catalog.ts';
import { type Fact, ownName } from '../model/fact.ts';
import { qualify, quote } from '../model/quote.ts';

/** The kind of an object whose content a copy or a backup verifies; large objects count as one. */
export type Holding = 'table' | 'materialized view' | 'sequence' | 'large objects';

type OfKind = Pick<Fact, 'kind'>;

/** True if a fact, or a digest, is of a table. */
export const isTable = ({ kind }: OfKind) => kind === 'table';

/** True if a fact is a column. */
export const isColumn = ({ kind }: OfKind) => kind === 'column';

/** True if a fact, or a digest, is of a sequence. */
export const isSequence = ({ kind }: OfKind) => kind === 'sequence';

/** True if a fact, or a digest, is of a materialized view. */
export const isMaterializedView = ({ kind }: OfKind) => kind === 'materialized view';

/** True if a fact is an extension. */
export const isExtension = ({ kind }: OfKind) => kind === 'extension';

/** True if a fact is the version of one of these extensions. */
export const isVersionOf = ({ kind, path }: Fact, extensions: readonly string[]) =>
  kind === 'extension version' && extensions.includes(ownName(path));

/** True if a fact makes this role the owner of an object. */
export const isOwnedBy = ({ kind, payload }: Fact, role: string | null) =>
  kind === 'owner' && payload.owner === role;

/** The content of a relation, by its pg_class.relkind. */
export function getHolding(relkind: string): Holding {
  return relkind === 'S' ? 'sequence' : relkind === 'm' ? 'materialized view' : 'table';
}

/** The id of the schema of this name. */
export const schemaId = (name: string) => `schema:${quote(name)}`;

/** The id of the table of this qualified and quoted name. */
export const tableId = (name: string) => `table:${name}`;

/** The id of the domain of this qualified and quoted name. */
export const domainId = (name: string) => `domain:${name}`;

/** The id of the sequence of this qualified and quoted name. */
export const sequenceId = (name: string) => `sequence:${name}`;

/** The id of the materialized view of this qualified and quoted name. */
export const materializedViewId = (name: string) => `materialized view:${name}`;

/** The id of the publication of this name. */
export const publicationId = (name: string) => `publication:${quote(name)}`;

/** The id of the event trigger of this name. */
export const eventTriggerId = (name: string) => `event trigger:${quote(name)}`;

/** The id of the extension of this name. */
export const extensionId = (name: string) => `extension:${quote(name)}`;

/** The id of the version of this extension. */
export const extensionVersionId = (extension: Fact) => `extension version:${qualify(extension.path)}`;

/** The names of a catalog's extensions. */
export function extensionsOf({ facts }: Catalog): string[] {
  return [...facts.values()].filter(isExtension).map(({ path }) => ownName(path));
}

/** True if a kind's objects can belong to all tenants of a database: extensions and their schemas. */
export const isShareable = ({ name }: { readonly name: string }) => name === 'extension' || name === 'schema';

/** An extension, and the schema that it is in. */
export interface PlacedExtension {
  readonly name: string;
  readonly schema: string;
}

/** The extensions that are in another schema than this one, by their ids. */
export function extensionsBeside(
  facts: Catalog['facts'],
  schema: string,
): ReadonlyMap<string, PlacedExtension> {
  const found = [...facts.values()].filter((fact) => isExtension(fact) && fact.payload.schema !== schema);
  const placed = (fact: Fact) => ({ name: ownName(fact.path), schema: String(fact.payload.schema) });
  return new Map(found.map((fact) => [fact.id, placed(fact)]));
}

/** The ids of these extensions and of the schemas that they are in. */
export function sharedBeside(facts: Catalog['facts'], schema: string): ReadonlySet<string> {
  const extensions = extensionsBeside(facts, schema);
  const homes = [...extensions.values()].map((one) => schemaId(one.schema));
  return new Set([...extensions.keys(), ...homes.filter((id) => facts.has(id))]);
}
