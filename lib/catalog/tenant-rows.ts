// The rows of a database that are a tenant's, with the names that its SQL is written for. Where its SQL names
// the written schema itself, which is another one, both names change places: nothing looks equal by that.

import { isShareable, sharedBeside } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import type { Fact, Json } from '../model/fact.ts';
import { chooseObjects, type IntrospectionRow, limitToSchema } from '../model/introspection.ts';
import type { AnyKind, Kinds } from '../model/kind.ts';
import { literal, quote } from '../model/quote.ts';
import type { SchemaPair } from '../model/schema-pair.ts';
import { Problem } from '../problem/problem.ts';
import { SchemaRenamer } from '../sql/schema-names.ts';
import { tiesQuery } from './tenant-ties.ts';
import type { UnmanagedObject } from './unmanaged.ts';

const schemaAddress = 'pg_namespace:';

// They are not read as SQL.
const structure = new Set(
  'addresses path parent target origins outlives needs dies edges instead position'.split(' '),
);

/** The facts of a tenant, and the ids of those among them that are its database's. */
type CompletedFacts = Required<Pick<Catalog, 'facts' | 'shared'>>;

/** Reads the rows of one schema as those of the written one. */
export class TenantRows {
  readonly #pair: SchemaPair;
  readonly #renamer: SchemaRenamer;

  private constructor(pair: SchemaPair, renamer: SchemaRenamer) {
    this.#pair = pair;
    this.#renamer = renamer;
  }

  /** Loads PostgreSQL's scanner. */
  static async load(pair: SchemaPair): Promise<TenantRows> {
    const { written, actual } = pair;
    const names = new Map([
      [actual, written],
      [written, actual],
    ]);
    return new TenantRows(pair, await SchemaRenamer.load(names));
  }

  /** A query after which those of `limit` find the objects of the schema by their ids. */
  chooseObjects(): string {
    return chooseObjects(`${this.#own} select objid from own
      union select ${literal(quote(this.#pair.actual))}::regnamespace
      union select extnamespace from pg_extension`);
  }

  /** The query of a kind, for the one schema. */
  limit(query: string): string {
    return limitToSchema(query, this.#pair.actual);
  }

  get #own(): string {
    return `with recursive own (classid, objid) as (
      select d.classid, d.objid from pg_depend d where d.refclassid = 'pg_namespace'::regclass
        and d.refobjid = ${literal(quote(this.#pair.actual))}::regnamespace
      union select d.classid, d.objid from own o join pg_depend d on d.refclassid = o.classid
        and d.refobjid = o.objid and d.deptype in ('a', 'i', 'P', 'S'))`;
  }

  /**
   * A query for the rows of pg_depend that are of the schema's objects: those that the server drops with it.
   * @param columns what it gives of a row `d`
   */
  dependencies(columns: string): string {
    return `${this.#own}
    select ${columns} from own o join pg_depend d on d.classid = o.classid and d.objid = o.objid`;
  }

  /** The same, with the members of extensions that they need, and the schemas of extensions. */
  dependenciesWithShared(columns: string): string {
    return `${this.#own}, used as (select distinct d.refclassid, d.refobjid
      from own o join pg_depend d on d.classid = o.classid and d.objid = o.objid)
    select ${columns} from (
      select d.* from own o join pg_depend d on d.classid = o.classid and d.objid = o.objid
      union all select d.* from used u join pg_depend d on d.classid = u.refclassid and d.objid = u.refobjid
        and d.deptype = 'e'
      union all select d.* from pg_depend d where d.classid = 'pg_extension'::regclass
        and d.refclassid = 'pg_namespace'::regclass) d`;
  }

  /** The rows that are in the schema, with the written names. */
  choose(kind: AnyKind, rows: readonly IntrospectionRow[]): IntrospectionRow[] {
    // Those that are not shared are left out by `complete`.
    const isShared = (row: IntrospectionRow) => isShareable(kind) && row.path[0] !== this.#pair.written;
    return rows.flatMap((row) => (this.#isOwn(row) ? [this.#rename(kind, row)] : isShared(row) ? [row] : []));
  }

  /** Descriptions of what no kind manages, of the schema alone. */
  describe(objects: readonly UnmanagedObject[]): string[] {
    return objects
      .filter(({ schema }) => schema === this.#pair.actual)
      .map(({ description }) => this.#sql(description));
  }

  /** A query for one value: descriptions of what is outside and changes with the schema, or changes it. */
  tiesQuery(): string {
    const columns = 'd.classid, d.objid, d.refclassid, d.refobjid';
    return this.limit(tiesQuery(literal(quote(this.#pair.actual)), this.dependencies(columns)));
  }

  /** @throws Problem `tenant_ties` where there are such objects */
  refuseTies(ties: readonly string[]): void {
    if (ties.length > 0) throw new Problem('tenant_ties', { schema: this.#pair.actual, ties });
  }

  /**
   * The facts with those of the schema itself. Its owner, rights and comment belong to the program that
   * creates it, so they are as in every new database. Of extensions and other schemas, only those stay that
   * tenants can share.
   */
  complete(found: ReadonlyMap<string, Fact>, major: number, kinds: Kinds): CompletedFacts {
    const shared = sharedBeside(found, this.#pair.written);
    const own = [...found].filter(([id, { kind }]) => !isShareable({ name: kind }) || shared.has(id));
    return { facts: new Map([...emptyCatalog(major, kinds).facts, ...own]), shared };
  }

  // A row that is part of a fact is left out where that fact is.
  #isOwn({ addresses: [own = ''], path, parent, target }: IntrospectionRow): boolean {
    if (target != null) return !target.startsWith(schemaAddress);
    // The version of an extension is its database's matter.
    if (parent != null) return !parent.startsWith('pg_extension:');
    const isPlace = own.startsWith(schemaAddress) || (own !== '' && path.length > 1);
    return isPlace && path[0] === this.#pair.actual;
  }

  #rename({ words }: AnyKind, row: IntrospectionRow): IntrospectionRow {
    const entries = Object.entries(row).map(([name, value]): [string, Json | undefined] => {
      const form = words?.[name];
      if (structure.has(name) || form === 'plain' || value === undefined) return [name, value];
      return [name, form === 'path' ? this.#path(value as readonly string[], [0]) : this.#deep(value)];
    });
    return { ...row, ...Object.fromEntries(entries), path: this.#path(row.path, schemaPlaces(row)) };
  }

  #path(path: readonly string[], places: readonly number[]): string[] {
    const { written, actual } = this.#pair;
    const other = (name: string) => (name === actual ? written : name === written ? actual : name);
    return path.map((name, at) => (places.includes(at) ? other(name) : name));
  }

  #deep(value: Json): Json {
    if (typeof value === 'string') return this.#sql(value);
    if (Array.isArray(value)) return value.map((one: Json) => this.#deep(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#deep(one)]));
  }

  #sql(text: string): string {
    return this.#renamer.rename(text).sql;
  }
}

// The places of schemas in a path: `[schema, table]`, `[schema, table, schema, table]` of an inheritance,
// `[role, schema, grantee]` of a default privilege.
function schemaPlaces({ path, parent, target }: IntrospectionRow): number[] {
  if (target != null) return [];
  if (parent?.startsWith(schemaAddress)) return [1];
  return path.length === 4 ? [0, 2] : [0];
}
