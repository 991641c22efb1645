// The problems of migrations that need more than a target has.

/** Data that every one of them has. */
interface Lacking {
  readonly environment: string;
}

/** Their data. */
export interface TargetProblems {
  newer_syntax: Lacking & {
    /** Its major version. */
    readonly major: number;
    readonly migration: string;
    /** The syntax that it uses, each with the version that introduced it. */
    readonly uses: readonly string[];
    /** The first major version that knows all of them. */
    readonly since: number;
  };
  missing_roles: Lacking & { readonly roles: readonly string[] };
  missing_tablespaces: Lacking & { readonly tablespaces: readonly string[] };
  /** `versions`: `hstore 1.4 (from 1.8 the server can update it to no other version)`. */
  missing_versions: Lacking & { readonly versions: readonly string[] };
  unavailable_extensions: Lacking & { readonly extensions: readonly string[] };
}
