// What stands in the place of values that nobody else may see: the source's server puts it there, so that they never leave it.
import { randomBytes } from 'node:crypto';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem.ts';
import type { Filled } from './tables.ts';

/** `schema.table.column` or `table.column` → an SQL expression, or the name of a ready masker: `@email`. */
export type Masks = Readonly<Record<string, string>>;

// The same value gives the same mask everywhere in one run, so that what belonged together still does. Without the run's
// secret, values that can be guessed could be found again by their hashes.
const ready: Readonly<Record<string, (column: string, hash: string) => string>> = {
  null: () => 'null',
  hash: (_, hash) => hash,
  email: (_, hash) => `'user_' || substr(${hash}, 1, 16) || '@example.test'`,
  name: (_, hash) => `'Name ' || substr(${hash}, 1, 10)`,
  phone: (_, hash) => `'+1555' || lpad((abs(hashtext(${hash})::bigint) % 10000000)::text, 7, '0')`,
  uuid: (_, hash) => `(${hash})::uuid`,
  text: (column) => `regexp_replace(${column}::text, '\\w', 'x', 'g')`,
  digits: (column) => `regexp_replace(${column}::text, '\\d', '0', 'g')`,
  year: (column) => `date_trunc('year', ${column}::timestamp)`,
};

/** Names of the ready maskers. */
export const maskers: readonly string[] = Object.keys(ready).map((name) => `@${name}`);

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** All names that a mask may call it by: its own, and those of what it is inherited from or a partition of. */
  readonly names: readonly string[];
}

// A column of a parent is masked in its partitions and heirs, too.
const columns = `with recursive lines as (
    select c.oid as table, c.oid as above from pg_class c where c.relkind = 'r'
    union select l.table, i.inhparent from lines l join pg_inherits i on i.inhrelid = l.above)
  select format('%I.%I', n.nspname, c.relname) as table, quote_ident(a.attname) as column,
    format_type(a.atttypid, a.atttypmod) as type,
    to_json(array(select concat_ws('.', u.nspname, t.relname, b.attname) from lines l join pg_class t on t.oid = l.above
      join pg_namespace u on u.oid = t.relnamespace
      join pg_attribute b on b.attrelid = t.oid and b.attname = a.attname and not b.attisdropped
      where l.table = c.oid)) as names
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
  where c.relkind = 'r' and not a.attisdropped and a.attgenerated = '' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/**
 * Tables whose masked columns are read by expressions.
 * @throws Problem `bad_mask` for one that no column fits, or that the server does not understand; of the connection
 */
export async function masked(
  connection: Connection,
  tables: readonly Filled[],
  masks: Masks,
): Promise<Filled[]> {
  const wanted = new Map(Object.entries(masks).map(([name, sql]) => [qualified(name), { name, sql }]));
  if (wanted.size === 0) return [...tables];
  const secret = randomBytes(16).toString('hex');
  const fitting = new Map<string, Map<string, string>>();
  const used = new Set<string>();
  for (const { table, column, type, names } of await connection.rows<Column>(columns)) {
    const mask = names.map((name) => wanted.get(name)).find((one) => one !== undefined);
    if (mask === undefined) continue;
    used.add(mask.name);
    const expression = `(${expressionOf(mask, column, secret)})::${type}`;
    const known = fitting.get(table) ?? new Map<string, string>();
    fitting.set(table, known.set(column, expression));
  }
  const unknown = [...wanted.values()].find(({ name }) => !used.has(name));
  if (unknown !== undefined)
    throw new Problem('bad_mask', {
      mask: unknown.name,
      reason: 'there is no such column with values of its own',
    });
  return tables.map((table) => {
    const own = fitting.get(table.name);
    return own === undefined
      ? table
      : { ...table, expressions: table.columns.map((column) => own.get(column) ?? column) };
  });
}

function expressionOf(
  { name, sql }: { readonly name: string; readonly sql: string },
  column: string,
  secret: string,
): string {
  if (!sql.startsWith('@')) return sql;
  const masker = ready[sql.slice(1)];
  if (masker === undefined)
    throw new Problem('bad_mask', { mask: name, reason: `${sql} is none of ${maskers.join(', ')}` });
  const hash = `md5('${secret}' || ${column}::text)`;
  return `case when ${column} is null then null else ${masker(column, hash)} end`;
}

// Two names are of the schema that everything is in.
function qualified(name: string): string {
  return name.split('.').length === 2 ? `public.${name}` : name;
}
