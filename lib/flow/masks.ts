// Masks for secret values. The source's server applies them, so the values never leave it.
import { randomBytes } from 'node:crypto';
import { qualify } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { outputText, systemText } from '../pg/values.ts';
import { Problem } from '../problem/problem.ts';
import type { TableRows } from './tables.ts';

/** `schema.table.column` or `table.column` → an SQL expression, or the name of a ready masker: `@email`. */
export type Masks = Readonly<Record<string, string>>;

// The same value gives the same mask everywhere in one run, so that what belonged together still does.
// Without the run's secret, values that can be guessed could be found again by their hashes.
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
  readonly path: readonly [schema: string, table: string];
  /** Unquoted. */
  readonly name: string;
  /** Quoted. */
  readonly column: string;
  /**
   * The type of the mask's value: for a domain its base type, so that the domain's checks run only in the
   * copy.
   */
  readonly type: string;
  /** True if that type is built-in. */
  readonly system: boolean;
  /** True if a role other than the reader or a superuser created casts to or from types of the database. */
  readonly casts: boolean;
  /** All names that a mask may use: its own, and those of its inheritance parents and partitioned tables. */
  readonly names: readonly string[];
}

// A column of a parent is masked in its partitions and heirs, too.
const columns = `with recursive lines as (
    select c.oid as table, c.oid as above from pg_class c where c.relkind in ('r', 'p')
    union select l.table, i.inhparent from lines l join pg_inherits i on i.inhrelid = l.above)
  select json_build_array(n.nspname, c.relname) as path, a.attname as name, quote_ident(a.attname) as column,
    format_type(base.oid, base.modifier) as type, base.system,
    exists (select from pg_cast k join pg_proc p on p.oid = k.castfunc join pg_roles r on r.oid = p.proowner
      where not r.rolsuper and r.rolname <> current_user) as casts,
    to_json(array(select concat_ws('.', u.nspname, t.relname, b.attname) from lines l join pg_class t
    on t.oid = l.above
      join pg_namespace u on u.oid = t.relnamespace
      join pg_attribute b on b.attrelid = t.oid and b.attname = a.attname and not b.attisdropped
      where l.table = c.oid)) as names
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
  and a.attnum > 0
  cross join lateral (with recursive bases as (select a.atttypid as oid, a.atttypmod as modifier
      union all select y.typbasetype, y.typtypmod from bases b join pg_type y on y.oid = b.oid
      where y.typtype = 'd')
    select b.oid, b.modifier, y.typnamespace = 'pg_catalog'::regnamespace as system
      from bases b join pg_type y on y.oid = b.oid where y.typtype <> 'd') base
  where c.relkind in ('r', 'p') and not a.attisdropped and a.attgenerated = '' and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'`;

/** The mask of one column. */
export interface MaskedColumn {
  /** The name of the mask, as it was given. */
  readonly mask: string;
  /** The table, qualified and quoted. */
  readonly table: string;
  /** The column, unquoted, and as the server quotes it. */
  readonly name: string;
  readonly quoted: string;
  /** SQL, which is of the type of the column, or of the type that its domain is over. */
  readonly sql: string;
}

/**
 * Finds what is read of masked columns.
 * @param secret the same secret gives the same masks
 * @throws Problem `bad_mask` for one that no column fits; of the connection
 */
export async function findMaskedColumns(
  connection: Connection,
  masks: Masks,
  secret: string,
): Promise<MaskedColumn[]> {
  if (Object.keys(masks).length === 0) return [];
  return maskedAmong(await connection.rows<Column>(columns), masks, secret);
}

/**
 * Refuses a mask that the server does not understand. PREPARE only parses it, so no code of the database
 * runs.
 * @throws Problem `bad_mask`; of the connection
 */
export async function checkMasks(connection: Connection, columns: readonly MaskedColumn[]): Promise<void> {
  const name = 'pgmage_mask';
  for (const { mask, table, sql } of columns)
    try {
      await connection.execute(`prepare ${name} as select ${sql} from only ${table}; deallocate ${name}`);
    } catch (thrown) {
      if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) throw thrown;
      // Class 42 is that of wrong SQL; 42501: a right is missing.
      const { sqlstate } = thrown.data;
      if (!String(sqlstate).startsWith('42') || sqlstate === '42501') throw thrown;
      const reason = String(thrown.data.message);
      throw new Problem('bad_mask', { mask, reason }, { cause: thrown });
    }
}

function maskedAmong(all: readonly Column[], masks: Masks, secret: string): MaskedColumn[] {
  const wanted = new Map(Object.entries(masks).map(([name, sql]) => [qualified(name), { name, sql }]));
  const used = new Set<string>();
  const fitting = all.flatMap((found): MaskedColumn[] => {
    const mask = found.names.map((name) => wanted.get(name)).find((one) => one !== undefined);
    if (mask === undefined) return [];
    used.add(mask.name);
    const { path, name, column: quoted, type, system, casts } = found;
    if (!system && casts) throw new Problem('bad_mask', { mask: mask.name, reason: ownCasts(type) });
    const sql = `(${expressionOf(mask, found, secret)})::${type}`;
    return [{ mask: mask.name, table: qualify(path), name, quoted, sql }];
  });
  const unknown = [...wanted.values()].find(({ name }) => !used.has(name));
  if (unknown !== undefined)
    throw new Problem('bad_mask', {
      mask: unknown.name,
      reason: 'there is no such column that stores values',
    });
  return fitting;
}

/**
 * Tables whose masked columns are read by expressions.
 * @throws Problem `bad_mask` for one that no column fits, or that the server does not understand; of the
 * connection
 */
export async function applyMasks(
  connection: Connection,
  tables: readonly TableRows[],
  masks: Masks,
): Promise<TableRows[]> {
  if (Object.keys(masks).length === 0) return [...tables];
  const all = await connection.rows<Column>(columns);
  const keyOf = (table: string, column: string) => `${table} ${column}`;
  const found = maskedAmong(all, masks, randomBytes(16).toString('hex'));
  const fitting = new Map(found.map(({ table, quoted, sql }) => [keyOf(table, quoted), sql]));
  const isMasked = new Set(found.map(({ table }) => table));
  const others = new Set(
    all.filter(({ system }) => !system).map(({ path, column }) => keyOf(qualify(path), column)),
  );
  return tables.map((table) =>
    isMasked.has(table.name)
      ? {
          ...table,
          expressions: table.columns.map((column) => fitting.get(keyOf(table.name, column)) ?? column),
          systems: table.columns.map((column) => !others.has(keyOf(table.name, column))),
        }
      : table,
  );
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
