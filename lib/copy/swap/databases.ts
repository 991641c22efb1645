// A new database that takes the name, and the database-wide settings, of another one once it is filled.
import { randomBytes } from 'node:crypto';
import { literal, quote } from '../../model/quote.ts';
import type { Connection, ServerConnection } from '../../pg/connection.ts';
import { Problem } from '../../problem/problem.ts';

// The prefix of these names. Their digits are the key of a lock that the filling session holds (manual:
// "Advisory Locks").
const mark = 'pgmage_new_';
const keyOf = (name: string) => BigInt.asIntN(64, BigInt(`0x${name.slice(mark.length)}`));

/** A name for a new database that nothing else has. */
export const makeSwapName = () => `${mark}${randomBytes(8).toString('hex')}`;

// The comment of a kept database.
const keptWords = 'Kept by pgmage db:clone --swap';

/** The comment of a database that is kept. @param time when it was replaced, for people */
export const describeKept = (target: string, time: string) =>
  `${keptWords}, ${time}: it was ${target}. db:clone --drop-old drops it`;

interface DatabaseSettings {
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly provider: string;
  readonly locale: string | null;
  readonly rules: string | null;
  /** Null: that of a new database, which needs no privilege. */
  readonly tablespace: string | null;
}

const makingOf = (
  name: string,
) => `select pg_get_userbyid(d.datdba) as owner, pg_encoding_to_char(d.encoding) as encoding,
    d.datcollate as collate, d.datctype as ctype, d.datlocprovider as provider,
    case when d.dattablespace <> (select dattablespace from pg_database where datname = 'template0')
      then t.spcname end as tablespace,
    coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale,
    to_jsonb(d) ->> 'daticurules' as rules
  from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.datname = ${literal(name)}`;

/**
 * Creates an empty database like another one: with its owner, encoding, locale and tablespace.
 * @param keeper a session in neither of them; while it lasts, no other run takes the new one for a leftover
 * @param name as `makeSwapName` returns it
 * @throws Problem of the connection
 */
export async function createSwapDatabase(keeper: Connection, name: string, target: string): Promise<void> {
  await keeper.execute(`select pg_advisory_lock(${keyOf(name)})`);
  const [row] = await keeper.rows<DatabaseSettings>(makingOf(target));
  const { owner, encoding, collate, ctype, provider, locale, rules, tablespace } = row as DatabaseSettings;
  const providers: Readonly<Record<string, string>> = {
    i:
      'locale_provider icu icu_locale' +
      ` ${literal(locale ?? '')}${rules === null ? '' : ` icu_rules ${literal(rules)}`}`,
    b: `locale_provider builtin builtin_locale ${literal(locale ?? '')}`,
  };
  await keeper.execute(
    `create database ${name} template template0 owner ${quote(owner)} encoding ${literal(encoding)}
     lc_collate ${literal(collate)} lc_ctype ${literal(ctype)}
     ${providers[provider] ?? 'locale_provider libc'}
     ${tablespace === null ? '' : `tablespace ${quote(tablespace)}`}`,
  );
  const words = `Filled by pgmage db:clone --swap for ${target}. A later swap drops it if this one ended`;
  await keeper.execute(`comment on database ${name} is ${literal(words)}`);
}

/** Drops it, and ends the sessions in it. A renamed one is not dropped. @throws Problem of the connection */
export function dropSwapDatabase(keeper: Connection, name: string): Promise<void> {
  return keeper.execute(`drop database if exists ${quote(name)} with (force)`);
}

/** True if there is a database of that name. @throws Problem of the connection */
export async function databaseExists(keeper: Connection, name: string): Promise<boolean> {
  const found = await keeper.rows(`select from pg_database where datname = ${literal(name)}`);
  return found.length > 0;
}

/** The OID of a database, which it keeps under any name. @throws Problem of the connection */
export async function readDatabaseOid(keeper: Connection, name: string): Promise<string | undefined> {
  const [row] = await keeper.rows<{ oid: string }>(
    `select oid::text from pg_database where datname = ${literal(name)}`,
  );
  return row?.oid;
}

/**
 * Drops what runs left over that were ended from outside.
 * @returns their names
 * @throws Problem of the connection
 */
export async function dropLeftovers(keeper: Connection): Promise<string[]> {
  const found = await keeper.rows<{ name: string }>(
    `select d.datname::text as name from pg_database d where d.datname ~ '^${mark}[0-9a-f]{16}$'
      and pg_has_role(d.datdba, 'usage')`,
  );
  const gone: string[] = [];
  for (const { name } of found) {
    const [lock] = await keeper.rows<{ held: boolean }>(
      `select pg_try_advisory_lock(${keyOf(name)}) as held`,
    );
    if (!lock?.held) continue;
    await dropSwapDatabase(keeper, name);
    await keeper.execute(`select pg_advisory_unlock(${keyOf(name)})`);
    gone.push(name);
  }
  return gone;
}

// Statements that copy the settings of a database: privileges, settings, comment, labels, limits. In lists of
// names, each name is quoted as a text (manual: SET).
const said = (from: string, to: string) => `with d as (
    select d.*, ${literal(quote(to))} as it, pg_get_userbyid(datdba) as owner from pg_database d
    where datname = ${literal(from)})
  select sql from (
    select 1 as place, format('REVOKE ALL ON DATABASE %s FROM PUBLIC, %I', it, owner) as sql from d
    where datacl is not null
    union all
    select 2, format('GRANT %s ON DATABASE %s TO %s%s', a.privilege_type, it,
        case when a.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(a.grantee)) end,
        case when a.is_grantable then ' WITH GRANT OPTION' else '' end)
      from d cross join lateral aclexplode(datacl) a
    union all
    select 3, format('ALTER %s %s SET %I TO %s', case when s.setrole = 0 then 'DATABASE' else
        format('ROLE %I IN DATABASE', pg_get_userbyid(s.setrole)) end, it, split_part(c, '=', 1),
        case when split_part(c, '=', 1) in ('search_path', 'temp_tablespaces', 'local_preload_libraries',
        'session_preload_libraries')
          then coalesce((select string_agg(quote_literal(coalesce(replace(m[1], '""', '"'), m[2])), ', ')
            from regexp_matches(substr(c, strpos(c, '=') + 1), '"((?:[^"]|"")*)"|([^", ]+)', 'g') m), '''''')
          else quote_literal(substr(c, strpos(c, '=') + 1)) end)
      from d join pg_db_role_setting s on s.setdatabase = d.oid cross join lateral unnest(s.setconfig) c
    union all
    select 4, format('COMMENT ON DATABASE %s IS %L', it, shobj_description(oid, 'pg_database')) from d
    union all
    select 5, format('SECURITY LABEL FOR %I ON DATABASE %s IS %L', l.provider, it, l.label)
      from d join pg_shseclabel l on l.classoid = 'pg_database'::regclass and l.objoid = d.oid
    union all
    select 6, format('ALTER DATABASE %s CONNECTION LIMIT %s IS_TEMPLATE %s', it, datconnlimit,
    datistemplate::text) from d
  ) all_of_it order by place, sql`;

/**
 * Copies the settings of a database to the new one, in the open transaction.
 * @throws Problem of the connection, e.g. `permission_denied`
 */
export async function copySettings(keeper: Connection, target: string, sibling: string): Promise<void> {
  for (const { sql } of await keeper.rows<{ sql: string }>(said(target, sibling))) await keeper.execute(sql);
}

/** The name under which a database is kept. */
export function makeKeptName(target: string, now: Date): string {
  const suffix = `_old_${now.toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()}`;
  // Names have at most 63 bytes; nothing but whole characters is cut off.
  let start = target;
  while (Buffer.byteLength(start + suffix) > 63) start = [...start].slice(0, -1).join('');
  return start + suffix;
}

/** The first such name that no database has: two swaps may take less than a second. */
export async function findKeptName(keeper: Connection, target: string, now: Date): Promise<string> {
  for (let second = 0; ; second++) {
    const name = makeKeptName(target, new Date(now.getTime() + 1000 * second));
    if (!(await databaseExists(keeper, name))) return name;
  }
}

/** The condition on `pg_database` that a database is none that a swap kept. */
export const notKept = `not (datname ~ '_old_\\d{8}t\\d{6}$'
  and coalesce(shobj_description(oid, 'pg_database'), '') like ${literal(`${keptWords}, %`)})`;

/** A database that was kept. */
export interface Kept {
  readonly name: string;
  readonly bytes: number;
}

/** Databases that were kept of a target. @throws Problem of the connection */
export async function listKept(keeper: Connection, target: string): Promise<Kept[]> {
  const found = await keeper.rows<{ name: string; bytes: string }>(
    `select datname::text as name, pg_database_size(oid)::text as bytes from pg_database
     where datname ~ '_old_\\d{8}t\\d{6}$' and shobj_description(oid, 'pg_database')
     like ${literal(`${keptWords}, %: it was ${like(target)}. %`)}
     order by 1`,
  );
  return found.map(({ name, bytes }) => ({ name, bytes: Number(bytes) }));
}

const like = (text: string) => text.replace(/[\\%_]/g, '\\$&');

/**
 * Drops the kept databases of a target.
 * @returns the names of the dropped ones; others could not be dropped
 */
export async function dropKept(keeper: Connection, target: string): Promise<string[]> {
  const gone: string[] = [];
  for (const { name } of await listKept(keeper, target)) {
    const dropped = await dropSwapDatabase(keeper, name).then(
      () => true,
      () => false,
    );
    if (dropped) gone.push(name);
  }
  return gone;
}

/** A session in neither of two databases, for the time in which they are created, renamed and dropped. */
export async function openKeeper(
  here: Connection,
  open: (database: string) => Promise<ServerConnection>,
): Promise<ServerConnection> {
  // A session in template1 keeps others from making databases.
  const found = await here.rows<{ name: string }>(
    `select datname::text as name from pg_database where datallowconn and datname <> current_database()
      and datname !~ '^${mark}'
       and has_database_privilege(oid, 'connect')
     order by datname <> 'postgres', datname = 'template1', datname limit 5`,
  );
  let failure: unknown = new Problem('internal', { reason: 'the server has no other database' });
  for (const { name } of found)
    try {
      return await open(name);
    } catch (thrown) {
      failure = thrown;
      // In none of them it would answer.
      if (thrown instanceof Problem && thrown.code === 'connection_timeout') break;
    }
  throw failure;
}
