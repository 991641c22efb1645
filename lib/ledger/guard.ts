// Keeps foreign code out of the ledger. The owner of its tables could replace them by views, or add triggers,
// rules and defaults. Their functions would run with the rights of the person who migrates. pgmage reads and
// writes only tables that are exactly as it creates them.
import { pinned } from '../pg/pinned.ts';

const known = {
  defaults: [
    'clock_timestamp()',
    'SESSION_USER',
    `NULLIF(current_setting('pgmage.checksum'::text, true), ''::text)`,
    `NULLIF(current_setting('pgmage.statements'::text, true), ''::text)`,
    `split_part((name)::text, '_'::text, 1)`,
    `split_part(migration, '_'::text, 1)`,
  ],
  checks: [
    `CHECK ((direction = ANY (ARRAY['up'::text, 'down'::text])))`,
    `CHECK ((outcome = ANY (ARRAY['begun'::text, 'done'::text, 'failed'::text, 'baseline'::text])))`,
    `CHECK ((outcome = ANY (ARRAY['begun'::text, 'done'::text, 'failed'::text])))`,
  ],
};
const listOf = (texts: readonly string[]) =>
  texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(', ');

// With these rules, an INSERT, UPDATE or DELETE on the tables calls only functions of the system. The audit's
// trigger fires only for actions that pgmage never takes.
const faultsOf = (tables: string) => `select l.name || ' ' || f.fault as fault
  from (select c.*, format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n
  on n.oid = c.relnamespace
    where n.nspname = 'pgmage' and c.relname in (${tables})) l
  cross join lateral (
    select 'is not a plain table' as fault where l.relkind <> 'r' or l.reloftype <> 0
    union all select 'has rules' where l.relhasrules
    union all select 'has row-level security' where l.relrowsecurity
    union all select 'inherits, or is inherited from' from pg_inherits i where l.oid in (i.inhrelid,
    i.inhparent)
    union all select format('has a trigger %I', t.tgname) from pg_trigger t where t.tgrelid = l.oid
    and not t.tgisinternal
      and (l.relname not in ('audit', 'data_runs') or t.tgtype & 4 <> 0)
    union all select format('has an index %s', i.indexrelid::regclass) from pg_index i
      where i.indrelid = l.oid and (i.indexprs is not null or i.indpred is not null)
    union all select format('has a column %I of a type of its own', a.attname) from pg_attribute a
      join pg_type y on y.oid = a.atttypid where a.attrelid = l.oid and not a.attisdropped
      and (y.typnamespace <> 'pg_catalog'::regnamespace or y.typtype <> 'b')
    union all select format('has a default %s', pg_get_expr(d.adbin, d.adrelid)) from pg_attrdef d
      where d.adrelid = l.oid and pg_get_expr(d.adbin, d.adrelid) not in (${listOf(known.defaults)})
    union all select format('has a constraint %I', c.conname) from pg_constraint c where l.oid in (c.conrelid,
    c.confrelid)
      and c.contype not in ('p', 'u', 'n')
      and (c.contype <> 'c' or pg_get_constraintdef(c.oid) not in (${listOf(known.checks)}))
  ) f`;

const faults = faultsOf(`'schema_migrations', 'audit'`);

/** A query for one value: what of the ledger is not as pgmage makes it. */
export const ledgerFaults = `select to_json(array(select r.fault from (${faults}) r order by 1))`;

/** The start of `ledgerGuard`'s message. */
export const unsafeLedger = 'the ledger of pgmage is not as pgmage makes it: ';

/**
 * SQL at the start of a transaction that writes to the ledger, before it takes a snapshot. It locks the
 * tables until the end, and fails if they were changed. `pinned` must be between both parts.
 */
export const ledgerGuard = {
  lock: 'lock table only pgmage.schema_migrations, only pgmage.audit in row exclusive mode',
  check: `do $guard$ declare faults text := (select string_agg(r.fault, '; ') from (${faults}) r);
    begin if faults is not null then raise exception '${unsafeLedger}%', faults; end if; end $guard$`,
};

const runFaults = faultsOf(`'data_runs'`);

/** A query for one value: what of the record of data runs is not as pgmage makes it. */
export const dataRunFaults = `select to_json(array(select r.fault from (${runFaults}) r order by 1))`;

/** All of that, where nothing else has to be in between. */
export const guardSql = `${ledgerGuard.lock}; ${pinned}; ${ledgerGuard.check}`;
