// Counts the rows that a check finds: read-only, with a time limit, and with no more rights than the table's
// owner has.

import { findPlannedCode } from '../flow/planned-code.ts';
import { literal, qualify, quote } from '../model/quote.ts';
import type { RowCheck, RowTest } from '../model/row-check.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';

// The time limit of one check.
const checkSeconds = 5;

/** The rows that a check found. */
export interface RowCount {
  readonly found: number;
  /** All rows of the table; counted only where some were found. */
  readonly total: number;
  /** The primary key of one of them, `id = 7`; null: the table has none. */
  readonly sample: string | null;
}

/** The result of a check: the count, or the reason why there is none. */
export type RowAnswer = RowCount | { readonly unknown: string };

/** The result of a check that took too long. */
export const tooSlow: RowAnswer = { unknown: `not counted within ${checkSeconds} s` };

/** The table of the rows, by its name in the database. */
export interface RowPlace {
  /** The table's path. */
  readonly path: readonly string[];
  /** Other tables that the check reads, qualified. */
  readonly others: readonly string[];
  /** Columns that the check calls by the names that they will have, with their names in the database. */
  readonly renamed?: ReadonlyMap<string, string>;
}

/** The server's facts about a locked table. */
interface About {
  readonly kind: string;
  readonly owner: string;
  /** True if the session's role owns it. */
  readonly own: boolean;
  /** True if checked values have types whose operators and casts may be a user's functions. */
  readonly foreign: boolean;
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

/** How a check runs. */
export interface RowCountOptions {
  /** True if functions of the database may run at all, as the table's owner. */
  readonly trusted: boolean;
  /** Milliseconds that it waits for a lock; 0: as long as it takes. */
  readonly lockTimeout: number;
}

const settings = (readOnly: boolean, lockTimeout: number) => `begin${readOnly ? ' read only' : ''};
  select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
    pg_catalog.set_config('row_security', 'off', true),
    pg_catalog.set_config('lock_timeout', '${lockTimeout}ms', true),
    pg_catalog.set_config('statement_timeout', '0', true)`;

// A wait for a lock has its own limit.
const limit = `select pg_catalog.set_config('statement_timeout', '${checkSeconds}s', true)`;

/**
 * Counts the rows of one check.
 * @returns `unknown` where the server refuses, or takes too long
 * @throws Problem `lock_timeout`; of the connection
 */
export async function countRows(
  connection: Connection,
  check: RowCheck,
  place: RowPlace,
  { trusted, lockTimeout }: RowCountOptions,
): Promise<RowAnswer> {
  const inTransaction = <T>(readOnly: boolean, work: () => Promise<T>) =>
    rollingBack(connection, settings(readOnly, lockTimeout), work);
  try {
    const first = await inTransaction(true, () => asked(connection, check, place, trusted));
    if (!('owner' in first)) return first;
    return await inTransaction(false, () => confined(connection, check, place, first));
  } catch (thrown) {
    if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) throw thrown;
    if (thrown.code === 'lock_timeout') throw thrown;
    const { sqlstate, message } = thrown.data;
    return sqlstate === '57014' ? tooSlow : { unknown: `not counted: ${message}` };
  }
}

async function rollingBack<T>(connection: Connection, begin: string, work: () => Promise<T>): Promise<T> {
  await connection.execute(begin);
  try {
    return await work();
  } finally {
    // Nothing is kept, and where the session is gone the server has rolled back by itself.
    await connection.execute('rollback').catch(() => undefined);
  }
}

// Gives the table where the answer has to be found as its owner.
async function asked(
  connection: Connection,
  check: RowCheck,
  place: RowPlace,
  trusted: boolean,
): Promise<RowAnswer | About> {
  const about = await locked(connection, check, place);
  const planned = (await findPlannedCode(connection)).length > 0;
  const code = check.code || about.foreign || planned;
  // `=` would be another operator than the one of the constraint.
  if (about.foreign && place.others.length > 0)
    return { unknown: 'not counted: its type is defined in the database' };
  if (code && !trusted) return { unknown: 'not counted: it would run functions of the database' };
  if (code && !about.own) return about;
  if (planned) return { unknown: 'not counted: it would run functions of other roles' };
  await connection.execute(`do $pgmage$ ${body(check, place, about)}
    perform pg_catalog.set_config('pgmage.answer', answer, true); end $pgmage$`);
  const [row] = await connection.rows<{ answer: string }>(
    `select pg_catalog.current_setting('pgmage.answer') as answer`,
  );
  return JSON.parse((row as { answer: string }).answer);
}

// SET ROLE would not do: a function can RESET it, and has the rights of the session again. Inside of SECURITY
// DEFINER the server refuses that (manual: CREATE FUNCTION). All is rolled back, and nothing can be written
// once the transaction is READ ONLY.
async function confined(
  connection: Connection,
  check: RowCheck,
  place: RowPlace,
  { owner }: About,
): Promise<RowAnswer> {
  const about = await locked(connection, check, place);
  if (about.owner !== owner) return { unknown: 'not counted: the owner of the table changed' };
  const [name] = await connection.rows<{ owner: string }>(
    `select pg_catalog.quote_ident(${literal(owner)}) as owner`,
  );
  await connection.execute(`create function pg_temp.pgmage_answer() returns text language plpgsql
    security definer set search_path = pg_catalog, pg_temp
    as $pgmage$ ${body(check, place, about)} return answer; end $pgmage$;
    alter function pg_temp.pgmage_answer() owner to ${name?.owner}; set transaction read only`);
  const [row] = await connection.rows<{ answer: string }>('select pg_temp.pgmage_answer() as answer');
  return JSON.parse((row as { answer: string }).answer);
}

// A locked table cannot be replaced by another object.
async function locked(
  connection: Connection,
  { values, test }: RowCheck,
  { path, others, renamed }: RowPlace,
): Promise<About> {
  const name = qualify(path);
  for (const other of others) await connection.execute(`lock table only ${other} in access share mode`);
  await connection.execute(`lock table only ${name} in access share mode; ${limit}`);
  // Operators of enums and of most domains are the server's; their casts may be defined.
  const words = Object.values(test).join(' ');
  const casts = words.replace(/'(?:[^']|'')*'::/g, '').includes('::');
  const columns = values.map((value) => literal(renamed?.get(value) ?? value)).join(', ');
  const [about] = await connection.rows<About>(`
    select c.relkind::text as kind, r.rolname::text as owner, r.rolname = current_user as own,
      exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
          left join pg_type b on b.oid = t.typbasetype
        where a.attrelid = c.oid and a.attname = any (array[${columns}]::text[])
          and t.typnamespace <> 'pg_catalog'::regnamespace
          and (${casts} or not (t.typtype = 'e' or (t.typtype = 'd'
          and b.typnamespace = 'pg_catalog'::regnamespace)))
      ) as foreign,
      array(select attname::text from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
      array(select a.attname::text from pg_index i
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey::int2[])
        where i.indrelid = c.oid and i.indisprimary
        order by array_position(i.indkey::int2[], a.attnum)) as key
    from pg_class c join pg_roles r on r.oid = c.relowner
    where c.oid = ${literal(name)}::regclass and c.relkind in ('r', 'p')`);
  if (about === undefined) throw new Problem('internal', { reason: `${name} is not a table` });
  if (others.length > 0) {
    const list = others.map((other) => `${literal(other)}::regclass`).join(', ');
    const [row] = await connection.rows<{ views: boolean }>(
      `select exists (select from pg_class where oid in (${list}) and relkind not in ('r', 'p')) as views`,
    );
    if (row?.views) throw new Problem('internal', { reason: `${others.join(', ')} is not a table` });
  }
  return about;
}

// PL/pgSQL, because only it goes on after a value that cannot be computed, and assigns as the server does
// when a type changes.
function body(
  { test, only = false }: RowCheck,
  { path, renamed = new Map() }: RowPlace,
  about: About,
): string {
  const rows = rowsOf(`${only ? 'only ' : ''}${qualify(path)}`, renamed, about.columns);
  // A column that gives its name to another one is read by its new name, or not at all.
  const later = new Map([...renamed].map(([to, from]) => [from, to]));
  const key = about.key.filter((column) => later.has(column) || !renamed.has(column));
  const columns = key.map((column) => `t.${quote(later.get(column) ?? column)}`);
  const words = key.map((column) => `${column.replaceAll('%', '%%')} = %s`).join(', ');
  const sample = key.length === 0 ? 'null::text' : `format(${[literal(words), ...columns].join(', ')})`;
  return `#variable_conflict use_column
    declare answer text; n_found bigint := 0; n_all bigint := 0; a_sample text; t record; a_value
    ${typeOf(test)}; begin
      ${counting(test, rows, sample)}
      if n_found > 0 then select count(*) into n_all from ${rows}; end if;
      answer := json_build_object('found', n_found, 'total', n_all, 'sample', a_sample)::text;`;
}

// A name that another column will have is only that of the other one.
function rowsOf(
  table: string,
  renamed: NonNullable<RowPlace['renamed']>,
  columns: readonly string[],
): string {
  if (renamed.size === 0) return `${table} t`;
  const kept = columns.filter((column) => !renamed.has(column)).map((column) => `t.${quote(column)}`);
  const moved = [...renamed].map(([to, from]) => `t.${quote(from)} as ${quote(to)}`);
  return `(select ${[...kept, ...moved].join(', ')} from ${table} t) t`;
}

const typeOf = (test: RowTest) => ('value' in test ? test.type : 'text');

function counting(test: RowTest, rows: string, sample: string): string {
  if ('unique' in test) {
    const same = `${literal(`${test.unique} = `)} || concat_ws(', ', ${test.unique})`;
    return `select coalesce(sum(g.n), 0), min(g.words) into n_found, a_sample from (
        select count(*) as n, ${same} as words from ${rows}
        where (${test.unique}) is not null and (${test.where ?? 'true'})
        group by ${test.unique} having count(*) > 1) g;`;
  }
  if ('where' in test)
    return `select count(*), min(${sample}) into n_found, a_sample from ${rows} where ${test.where};`;
  const assign = `a_value := ${test.value};`;
  return `begin for t in select * from ${rows} loop ${assign} end loop;
      exception when others then
        for t in select * from ${rows} loop
          begin ${assign}
          exception when others then n_found := n_found + 1; a_sample := coalesce(a_sample, ${sample}); end;
        end loop;
      end;`;
}
