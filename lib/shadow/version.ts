// What identifies the shadow in the process, for those who must not load it.

/** The version of PGlite that shadows are made with; pinned, because its extensions fit only one. */
export const pgliteVersion = '0.5.8';
