// The problems of files.

/** Their data. */
export interface FileProblems {
  /** `near`: folders of other projects, relative to this one. */
  missing_schema: { readonly file: string; readonly near?: readonly string[] };
  /** `list`: the command that lists such files. `writer`: the command that writes this one. */
  missing_file: { readonly file: string; readonly list?: string; readonly writer?: string };
  unreadable_file: { readonly file: string; readonly reason: string };
  unwritable_file: { readonly file: string; readonly reason: string };
  /** `linted`: it is not the schema of the project. */
  empty_file: { readonly file: string; readonly comments: boolean; readonly linted?: boolean };
  /** `folder`: of the migrations. */
  no_migrations: { readonly folder: string };
  program_migration: { readonly file: string };
  not_utf8: { readonly file: string; readonly line: number };
  file_too_big: { readonly file: string; readonly bytes: number; readonly limit: number };
}
