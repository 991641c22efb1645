// The schema of a database as its catalogs have it, without any of pgmage's code: what no sync may change.
import { dump, pgDump } from '../../proof/dump.ts';
import { rowsOf } from '../../servers/databases.ts';
import type { Server } from '../../servers/server.ts';

const own = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgmage')";
const relation = 'join pg_class c on c.oid = x.oid join pg_namespace n on n.oid = c.relnamespace';
const of = "format('%I.%I', n.nspname, c.relname)";

// The server names the triggers of foreign keys by their OIDs, which a new constraint has others of.
const facts = `
  select 'relation' as kind, ${of} as of, concat_ws(' ', c.relkind, c.relpersistence, c.reloptions,
      c.relacl, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.relreplident) as fact
    from pg_class x ${relation} where ${own}
  union all
  select 'column', ${of}, concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attstorage, a.attacl,
      pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where a.attnum > 0 and ${own}
  union all
  select 'constraint', ${of}, concat_ws(' ', t.conname, t.convalidated, t.condeferrable, t.condeferred,
      pg_get_constraintdef(t.oid), obj_description(t.oid))
    from (select *, conrelid as rel from pg_constraint) t join pg_class c on c.oid = t.rel
      join pg_namespace n on n.oid = c.relnamespace where ${own}
  union all
  select 'index', ${of}, concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready,
      i.indisclustered, i.indisreplident, obj_description(i.indexrelid))
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
    where ${own}
  union all
  select 'trigger', ${of}, concat_ws(' ', case when t.tgisinternal then t.tgfoid::regproc::text
      else pg_get_triggerdef(t.oid) end, t.tgenabled)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where ${own}
  union all
  select 'routine', n.nspname, concat_ws(' ', p.oid::regprocedure, p.proowner::regrole, p.proacl, md5(p.prosrc))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${own}`;

/** The facts of a schema, sorted. */
export async function schemaFacts(url: string): Promise<string[]> {
  const rows = await rowsOf<{ fact: string }>(
    url,
    `select concat_ws(' ', kind, of, fact) as fact from (${facts}) f`,
  );
  return rows.map(({ fact }) => fact).sort();
}

/** The schema by `pg_dump -s` without that of pgmage; empty where there is no pg_dump of the version. */
export async function schemaDump({ major }: Pick<Server, 'major'>, url: string): Promise<string[]> {
  const program = pgDump(major);
  const entries = program === null ? [] : await dump(program, url);
  return entries.filter((entry) => !/; Schema: pgmage;|^Name: pgmage;/.test(entry));
}

/** The first facts that only one of two lists has. */
export function factDifferences(before: readonly string[], after: readonly string[]): string[] {
  const [a, b] = [new Set(before), new Set(after)];
  return [
    ...before.filter((one) => !b.has(one)).map((one) => `gone: ${one}`),
    ...after.filter((one) => !a.has(one)).map((one) => `new: ${one}`),
  ].slice(0, 3);
}
