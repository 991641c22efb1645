// Sequences of a target follow those of its source: they go on behind it, and never go back.
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import type { SessionPair } from './find.ts';
import type { TablePair } from './shape.ts';

interface Found {
  /** Qualified and quoted. */
  readonly name: string;
  /** The column that it belongs to, as `table column`; null: none. */
  readonly owner: string | null;
  readonly ascends: boolean;
  readonly maySet: boolean;
}

interface Position {
  readonly last: string;
  readonly called: boolean;
}

const sequences = `select format('%I.%I', n.nspname, c.relname) as name, q.seqincrement > 0 as ascends,
    case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'UPDATE') end as "maySet",
    (select format('%I.%I %s', m.nspname, o.relname, a.attname)
      from pg_depend d join pg_class o on o.oid = d.refobjid join pg_namespace m on m.oid = o.relnamespace
        join pg_attribute a on a.attrelid = o.oid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
        and d.refclassid = 'pg_class'::regclass) as owner
  from pg_sequence q join pg_class c on c.oid = q.seqrelid join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'pgmage'
    and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'SELECT') end order by 1`;

/** A sequence that was set. */
export interface FollowedSequence {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** The sequences that followed, and those that the role may not set. */
export interface SequenceReport {
  readonly set: readonly FollowedSequence[];
  readonly refused: readonly string[];
}

/**
 * Sets the sequences of the pairs' columns, and with all tables those that belong to none. A sequence is
 * paired by its column, or by its name.
 * @param all whether sequences without a column are meant, too
 * @throws Problem of the connections
 */
export async function followSequences(
  { from, to }: SessionPair,
  pairs: readonly TablePair[],
  all: boolean,
): Promise<SequenceReport> {
  const [here, there] = [await from.rows<Found>(sequences), await to.rows<Found>(sequences)];
  const tables = new Map(pairs.map((pair) => [pair.from.table.name, pair.to.table.name]));
  const wanted = here.flatMap((one) => {
    const owner = ownerInTarget(one, tables);
    if (owner === undefined || (owner === null && !all)) return [];
    const other = there.find((it) => (owner === null ? it.name === one.name : it.owner === owner));
    return other === undefined || (owner === null && other.owner !== null) ? [] : [{ from: one, to: other }];
  });
  const positions = await positionsOf(
    from,
    wanted.map((one) => one.from.name),
  );
  const before = await positionsOf(
    to,
    wanted.map((one) => one.to.name),
  );
  const set: FollowedSequence[] = [];
  const refused: string[] = [];
  for (const [at, { to: target }] of wanted.entries()) {
    const [source, own] = [positions[at], before[at]];
    if (source === undefined || own === undefined || !isAhead(source, own, target.ascends)) continue;
    if (!target.maySet) refused.push(target.name);
    else {
      await to.execute(
        `select pg_catalog.setval(${literal(target.name)}::regclass, ${source.last}, ${source.called})`,
      );
      set.push({ name: target.name, from: own.last, to: source.last });
    }
  }
  return { set, refused };
}

// undefined: its table takes no part.
function ownerInTarget({ owner }: Found, tables: ReadonlyMap<string, string>): string | null | undefined {
  if (owner === null) return null;
  const found = [...tables].find(([name]) => owner.startsWith(`${name} `));
  return found && `${found[1]}${owner.slice(found[0].length)}`;
}

async function positionsOf(connection: Connection, names: readonly string[]): Promise<Position[]> {
  const found = await connection.batch(
    names.map((name) => `select last_value::text as last, is_called as called from ${name}`),
  );
  return found.map((rows) => rows[0] as Position);
}

function isAhead(source: Position, own: Position, ascends: boolean): boolean {
  const [a, b] = [BigInt(source.last), BigInt(own.last)];
  if (a === b) return source.called && !own.called;
  return ascends ? a > b : a < b;
}
