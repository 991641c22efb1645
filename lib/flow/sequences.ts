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

interface FoundSequence extends SequenceValue {
  /** The session's role is its owner. */
  readonly isOwn: boolean;
}

const sequences = `select format('%I.%I', n.nspname, c.relname) as name,
    pg_has_role(c.relowner, 'USAGE') as "isOwn"
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
  const found = await findSequences(connection, names);
  return found.map(({ name, last, called }) => ({ name, last, called }));
}

/** The names of all sequences, also of those that the role may not read. @throws Problem of the connection */
export async function listSequences(connection: Connection): Promise<string[]> {
  return (await connection.rows<{ name: string }>(sequences)).map(({ name }) => name);
}

async function findSequences(
  connection: Connection,
  names: ReadonlySet<string> | undefined,
): Promise<FoundSequence[]> {
  const all = await connection.rows<Pick<FoundSequence, 'name' | 'isOwn'>>(sequences);
  const found = names === undefined ? all : all.filter(({ name }) => names.has(name));
  const states = await connection.batch(
    found.map(({ name }) => `select last_value::text as last, is_called as called from ${name}`),
  );
  return found.map((one, at) => ({ ...one, ...(states[at]?.[0] as Omit<SequenceValue, 'name'>) }));
}

/**
 * Sets sequences that have another value, in the open transaction: a rollback gives the old one back to those
 * that the role owns.
 * @throws Problem of the connection
 */
export async function setSequences(connection: Connection, all: readonly SequenceValue[]): Promise<void> {
  const found = await findSequences(connection, new Set(all.map(({ name }) => name)));
  const known = new Map(found.map((one) => [one.name, one]));
  const wanted = all.filter(({ name, last, called }) => {
    const now = known.get(name);
    return now?.last !== last || now.called !== called;
  });
  if (wanted.length === 0) return;
  // A value outlives a rollback, unless the sequence got a new file before (manual: "ALTER SEQUENCE").
  // Only the owner can do that. Extensions of other roles may let the role set values.
  const isOwn = ({ name }: SequenceValue) => known.get(name)?.isOwn ?? true;
  const own = wanted.filter(isOwn);
  if (own.length > 0)
    await connection.execute(
      own.map(({ name, last }) => `alter sequence ${name} restart with ${last}`).join(';'),
    );
  const values = wanted
    .filter((one) => one.called || !isOwn(one))
    .map(({ name, last, called }) => `(${literal(name)}, ${last}, ${called})`);
  if (values.length > 0)
    await connection.execute(
      `select pg_catalog.setval(name::pg_catalog.regclass, last::pg_catalog.int8, called) from (values
        ${values.join()}) s (name, last, called)`,
    );
}
