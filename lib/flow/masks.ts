// What stands in the place of values that nobody else may see: the source's server puts it there, so that they never leave it.
import { randomBytes } from 'node:crypto';
import type { Connection } from '../pg/connection.ts';
import { outputText, systemText } from '../pg/values.ts';
import { Problem } from '../problem/problem.ts';
import type { TableRows } from './tables.ts';

/** `schema.table.column` or `table.column` → an SQL expression, or the name of a ready masker: `@email`. */
export type Masks = Readonly<Record<string, string>>;

// The same value gives the same mask everywhere in one run, so that what belonged together still does. Without the run's
// secret, values that can be guessed could be found again by their hashes.
const ready: Readonly<Record<string, (text: string, hash: string, column: string) => string>> = {
  null: () => 'null',
  hash: (_, hash) => hash,
  email: (_, hash) => `'user_' || substr(${hash}, 1, 16) || '@example.test'`,
  name: (_, hash) => `'Name ' || substr(${hash}, 1, 10)`,
  phone: (_, hash) => `'+1555' || lpad((abs(hashtext(${hash})::bigint) % 10000000)::text, 7, '0')`,
  uuid: (_, hash) => `(${hash})::uuid`,
  text: (text) => `regexp_replace(${text}, '\\w', 'x', 'g')`,
  digits: (text) => `regexp_replace(${text}, '\\d', '0', 'g')`,
  year: (_, __, column) => `date_trunc('year', ${column}::timestamp)`,
};

/** Names of the ready maskers. */
export const maskers: readonly string[] = Object.keys(ready).map((name) => `@${name}`);

interface Column {
  readonly table: string;
  readonly column: string;
  /** What a mask's value becomes: a domain's is that of the type below it, so that its checks run in the copy alone. */
  readonly type: string;
  /** Whether that type is of the system. */
  readonly system: boolean;
  /** Whether somebody else than the reader or a superuser has made casts to or from types of the database. */
  readonly casts: boolean;
  /** All names that a mask may call it by: its own, and those of what it is inherited from or a partition of. */
  readonly names: readonly string[];
}

// A column of a parent is masked in its partitions and heirs, too.
const columns = `with recursive lines as (
    select c.oid as table, c.oid as above from pg_class c where c.relkind = 'r'
    union select l.table, i.inhparent from lines l join pg_inherits i on i.inhrelid = l.above)
  select format('%I.%I', n.nspname, c.relname) as table, quote_ident(a.attname) as column,
    format_type(base.oid, base.modifier) as type, base.system,
    exists (select from pg_cast k join pg_proc p on p.oid = k.castfunc join pg_roles r on r.oid = p.proowner
      where not r.rolsuper and r.rolname <> current_user) as casts,
    to_json(array(select concat_ws('.', u.nspname, t.relname, b.attname) from lines l join pg_class t on t.oid = l.above
      join pg_namespace u on u.oid = t.relnamespace
      join pg_attribute b on b.attrelid = t.oid and b.attname = a.attname and not b.attisdropped
      where l.table = c.oid)) as names
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
  cross join lateral (with recursive bases as (select a.atttypid as oid, a.atttypmod as modifier
      union all select y.typbasetype, y.typtypmod from bases b join pg_type y on y.oid = b.oid where y.typtype = 'd')
    select b.oid, b.modifier, y.typnamespace = 'pg_catalog'::regnamespace as system
      from bases b join pg_type y on y.oid = b.oid where y.typtype <> 'd') base
  where c.relkind = 'r' and not a.attisdropped and a.attgenerated = '' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/**
 * Tables whose masked columns are read by expressions.
 * @throws Problem `bad_mask` for one that no column fits, or that the server does not understand; of the connection
 */
export async function masked(
  connection: Connection,
  tables: readonly TableRows[],
  masks: Masks,
): Promise<TableRows[]> {
  const wanted = new Map(Object.entries(masks).map(([name, sql]) => [qualified(name), { name, sql }]));
  if (wanted.size === 0) return [...tables];
  const secret = randomBytes(16).toString('hex');
  const fitting = new Map<string, Map<string, string>>();
  const others = new Set<string>();
  const used = new Set<string>();
  for (const found of await connection.rows<Column>(columns)) {
    const { table, column, type, names, system } = found;
    if (!system) others.add(`${table} ${column}`);
    const mask = names.map((name) => wanted.get(name)).find((one) => one !== undefined);
    if (mask === undefined) continue;
    used.add(mask.name);
    if (!system && found.casts) throw new Problem('bad_mask', { mask: mask.name, reason: ownCasts(type) });
    const expression = `(${expressionOf(mask, found, secret)})::${type}`;
    const known = fitting.get(table) ?? new Map<string, string>();
    fitting.set(table, known.set(column, expression));
  }
  const unknown = [...wanted.values()].find(({ name }) => !used.has(name));
  if (unknown !== undefined)
    throw new Problem('bad_mask', {
      mask: unknown.name,
      reason: 'there is no such column that stores values',
    });
  return tables.map((table) => {
    const own = fitting.get(table.name);
    return own === undefined
      ? table
      : {
          ...table,
          expressions: table.columns.map((column) => own.get(column) ?? column),
          systems: table.columns.map((column) => !others.has(`${table.name} ${column}`)),
        };
  });
}

const ownCasts = (type: string) =>
  `its type ${type} is not built-in, and another role created casts, which would run with your rights`;

function expressionOf(
  { name, sql }: { readonly name: string; readonly sql: string },
  { column, system }: Column,
  secret: string,
): string {
  if (!sql.startsWith('@')) return sql;
  const masker = ready[sql.slice(1)];
  if (masker === undefined)
    throw new Problem('bad_mask', { mask: name, reason: `${sql} is not one of ${maskers.join(', ')}` });
  const text = system ? systemText(column) : outputText(column);
  const hash = `md5('${secret}' || ${text})`;
  return `case when ${column} is null then null else ${masker(text, hash, column)} end`;
}

// Two names are of the schema that everything is in.
function qualified(name: string): string {
  return name.split('.').length === 2 ? `public.${name}` : name;
}
