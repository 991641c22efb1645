// Corrects arrays that the server prints but would read differently. In `(ARRAY['x'::character
// varying])::text[]`, as `IN` becomes on such columns, it casts each element when it reads that, not the
// array (source: transformTypeCast in parse_expr.c).

const element = `(?:'(?:[^']|'')*'|NULL)::`;

// Bodies, strings and quoted names are passed over.
const token = new RegExp(
  `(\\$\\w*\\$)[\\s\\S]*?\\1|\\(ARRAY\\[(${element}([\\w ."]+)(?:, ${element}\\3)*)\\]\\)(?=::)|` +
    `\\bE'(?:[^'\\\\]|\\\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"`,
  'g',
);

/** The same SQL with the type of such arrays written down, so that it reads back as it was. */
export function keepArrayTypes(sql: string): string {
  if (!sql.includes('(ARRAY[')) return sql;
  return sql.replace(token, (found, _, elements?: string, type?: string) =>
    elements === undefined ? found : `((ARRAY[${elements}])::${type}[])`,
  );
}
