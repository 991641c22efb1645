// The problems of migrations that need more than a target has.

/** Their data. */
export interface TargetProblems {
  newer_syntax: {
    readonly environment: string;
    /** Its major version. */
    readonly major: number;
    readonly migration: string;
    /** The syntax that it uses, each with the version that introduced it. */
    readonly uses: readonly string[];
    /** The first major version that knows all of them. */
    readonly since: number;
  };
  missing_roles: { readonly environment: string; readonly roles: readonly string[] };
  missing_tablespaces: { readonly environment: string; readonly tablespaces: readonly string[] };
  /** `versions`: `hstore 1.4 (from 1.8 the server can update it to no other version)`. */
  missing_versions: { readonly environment: string; readonly versions: readonly string[] };
}
