// SQL quoting by PostgreSQL's rules (manual: "Lexical Structure"), the same for every server version.

// Every keyword that is not unreserved in PostgreSQL 18 (src/include/parser/kwlist.h): quote_ident() quotes
// these, and one list for all versions keeps the ids of facts equal between servers.
const keywords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
    case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default
  deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze
  from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull
  join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table
  json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none
  normalize not
  notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
  primary
  real references returning right row select session_user setof similar smallint some substring symmetric
  system_user
  table tablesample then time timestamp to trailing treat trim true union unique user using
  values varchar variadic
  verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse
  xmlpi
  xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** Quotes one identifier where SQL needs it: `users` stays, `Users` becomes `"Users"`. */
export function quote(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !keywords.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A qualified name: `['public', 'users']` → `public.users`. */
export function qualify(path: readonly string[]): string {
  return path.map(quote).join('.');
}

/**
 * A string literal; with backslashes it is written as E'' so that standard_conforming_strings does not
 * matter.
 */
export function literal(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return doubled.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
