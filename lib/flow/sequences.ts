// The state of sequences.
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { isAbsent } from './tables.ts';

/** A sequence and its state. */
export interface SequenceValue {
  /** Qualified and quoted. */
  readonly name: string;
  readonly last: string;
  readonly called: boolean;
}

const sequences = `select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'S' and c.relpersistence <> 't' and not ${isAbsent} and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
    and (not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
    and d.deptype = 'e')
      or exists (select from pg_extension e where c.oid = any (e.extconfig)))
  order by 1`;

/**
 * Reads where sequences stand, all or those of some names: not in the transaction's snapshot, but now, so
 * that every number in a row that the snapshot shows has been given out. @throws Problem of the connection
 */
export async function readSequences(
  connection: Connection,
  names?: ReadonlySet<string>,
): Promise<SequenceValue[]> {
  const all = await connection.rows<{ name: string }>(sequences);
  const found = names === undefined ? all : all.filter(({ name }) => names.has(name));
  const states = await connection.batch(
    found.map(({ name }) => `select last_value::text as last, is_called as called from ${name}`),
  );
  return found.map(({ name }, at) => ({ name, ...(states[at]?.[0] as Omit<SequenceValue, 'name'>) }));
}

/** Sets sequences. @throws Problem of the connection */
export async function setSequences(connection: Connection, all: readonly SequenceValue[]): Promise<void> {
  if (all.length === 0) return;
  const values = all.map(({ name, last, called }) => `(${literal(name)}, ${last}, ${called})`);
  await connection.execute(
    `select pg_catalog.setval(name::regclass, last::bigint, called) from (values ${values.join()}) s (name,
      last, called)`,
  );
}
