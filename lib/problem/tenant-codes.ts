// The problems of tenants and of environments' names, as a part of all problems.

/** The problems of tenants and of environments' names. */
export interface TenantProblems {
  /** `tenants`: the known ones are tenants of this environment, and so many more are there. */
  unknown_environment: {
    readonly name: string;
    readonly known: readonly string[];
    readonly nearest?: readonly string[];
    readonly tenants?: { readonly environment: string; readonly more: number };
  };
  /** An environment of many databases or schemas, where one is needed. */
  several_tenants: { readonly environment: string; readonly of: 'databases' | 'schemas' };
  bad_tenants: { readonly environment: string; readonly reason: string };
  /** `environment`: of the tenant. */
  tenant_moved: { readonly environment: string; readonly moved: string };
  /** A tenant that is a schema, where a whole database is needed. */
  tenant_schema: { readonly environment: string };
  /** A tenant that is a schema, where types or documents are made. */
  tenant_described: { readonly environment: string };
  /** `schema`: of a tenant. */
  tenant_name: { readonly schema: string; readonly reason: string };
  tenant_ties: { readonly schema: string; readonly ties: readonly string[] };
  /** `ledger`: the quoted name of its schema. */
  tenant_emptied: { readonly environment: string; readonly ledger: string };
  /** `schema`: the one that is written in SQL. */
  outside_schema: { readonly schema: string; readonly objects: readonly string[] };
  /** `extensions`: those that a tenant's database lacks, with their schemas; `statements`: create them. */
  missing_extensions: {
    readonly environment: string;
    readonly extensions: readonly string[];
    readonly statements: readonly string[];
  };
  /** `extensions`: with both schemas; `statements`: move them; `fixed`: those that cannot be moved. */
  misplaced_extensions: {
    readonly environment: string;
    readonly extensions: readonly string[];
    readonly statements: readonly string[];
    readonly fixed: readonly string[];
  };
  /** `objects`: of schemas that another program manages. */
  external_changed: { readonly objects: readonly string[] };
  /** `files`: those of `external`; `objects`: are in none of its `schemas`. */
  external_outside: {
    readonly files: readonly string[];
    readonly objects: readonly string[];
    readonly schemas: readonly string[];
  };
  /** `schemas`: those of other programs that a tenant's database lacks. */
  missing_external: { readonly environment: string; readonly schemas: readonly string[] };
  /** `schema`: the quoted name of a schema that tenants share; `roles`: can change what is in it. */
  unsafe_schema: {
    readonly environment: string;
    readonly schema: string;
    readonly roles: readonly string[];
  };
  unclear_schema: { readonly schema: string; readonly file: string; readonly reason: string };
}
