// The version of the in-process shadow, for code that must not load it.

/** The version of PGlite that shadows are made with; pinned, because its extensions fit only one. */
export const pgliteVersion = '0.5.8';

/** The major version of PostgreSQL in it. */
export const embeddedMajor = 18;
