// The rows of a database as short texts that are equal where the data is equal, on every server version.
import { getHolding, type Holding } from '../kinds/named-objects.ts';
import { literal, qualify } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { pinned } from '../pg/pinned.ts';
import { digestQuery, hashRule } from '../pg/row-hash.ts';
import { readingSettings, tablesAlone } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { findPlannedCode } from './planned-code.ts';
import { isAbsent } from './tables.ts';

/** The number of rows of one relation, and a hash of them that does not depend on their order. */
export interface Digest {
  readonly kind: Holding;
  /** Qualified and quoted; empty for the large objects, which are one. */
  readonly name: string;
  readonly rows: number;
  /** For a sequence its state, e.g. `(42,t)`; `unpopulated` for a materialized view without data. */
  readonly hash: string;
}

/** A relation that has not been read yet. */
export interface DigestRelation {
  readonly kind: Holding;
  readonly name: string;
  /** The server's estimate of its size on disk. */
  readonly bytes: number;
  /** Gives one row of `rows` and `hash`. */
  readonly query: string;
  /**
   * Code of other roles that the planner would run with the reader's rights: then the relation is not read.
   */
  readonly code: readonly string[];
}

interface Relation {
  readonly path: readonly [schema: string, name: string];
  readonly relkind: string;
  readonly populated: boolean;
  readonly bytes: string;
  readonly condition: string;
  readonly columns: readonly string[];
  /** The content of an unreadable relation after it is created again; null: it can be read. */
  readonly empty: string | null;
}

// Relations with the user's own rows: of an extension's tables only those marked for dumps (manual:
// "Extension Configuration Tables"). Partitioned tables have no rows of their own, and rows of foreign tables
// are elsewhere.
const relations = `select json_build_array(n.nspname, c.relname) as path, c.relkind,
  c.relispopulated as populated,
    pg_table_size(c.oid)::text as bytes, coalesce(config.condition, '') as condition,
    case when ${isAbsent} then coalesce((select row(q.seqstart, false)::text from pg_sequence q
    where q.seqrelid = c.oid), '0')
      end as empty,
    to_json(array(select format(${hashRule('a.atttypid', 'y')}, format('t.%I', a.attname))
      from pg_attribute a join pg_type y on y.oid = a.atttypid where a.attrelid = c.oid and a.attnum > 0
      and not a.attisdropped order by a.attname)) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join (select e.oid as extension, t.oid, e.extcondition[t.place] as condition
      from pg_extension e, unnest(e.extconfig) with ordinality t(oid, place)) config on config.oid = c.oid
  where c.relkind in ('r', 'm', 'S') and c.relpersistence <> 't'
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and (config.oid is not null or not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
  order by n.nspname, c.relname`;

// Piece by piece: one object may be larger than any value. Holes read as zeros, as they do after a restore.
const piece = 1 << 20;
const ofPiece = (
  oid: string,
  number: string,
) => `lateral (select hashtextextended(row(${oid}, ${number}, data)::text
  collate "C", 0) as hash, length(data) as length from (select lo_get(${oid}, (${number}) * ${piece}::int8,
  ${piece}) as data
  offset 0) one) read`;
const largeObjects = `with recursive pieces as (
    select m.oid, 0 as number, read.hash, read.length from pg_largeobject_metadata m, ${ofPiece('m.oid', '0')}
    union all
    select p.oid, p.number + 1, read.hash, read.length from pieces p, ${ofPiece('p.oid', 'p.number + 1')}
      where p.length = ${piece})
  select count(*) filter (where number = 0) as rows, coalesce(sum(hash), 0)::text as hash from pieces`;

/**
 * Lists the relations to digest, so that several sessions can share them.
 * @throws Problem of the connection
 */
export async function listRelations(connection: Connection): Promise<DigestRelation[]> {
  await pin(connection);
  const code = (await findPlannedCode(connection)).filter(({ reading }) => reading);
  const found = await connection.rows<Relation>(relations);
  const listed = found.map((relation) => ({
    kind: getHolding(relation.relkind),
    name: qualify(relation.path),
    bytes: Number(relation.bytes),
    query: queryOf(relation),
    code: code.filter(({ table }) => table === qualify(relation.path)).map(({ text }) => text),
  }));
  return [...listed, { kind: 'large objects', name: '', bytes: 0, query: largeObjects, code: [] }];
}

/**
 * Digests relations in the connection's transaction. It reads all rows, with generated columns; a table with
 * rows hidden by a policy is an error. Digests compare only between databases of the same encoding.
 * @param wanted from `listRelations`; default: all
 * @param told called after each one
 * @throws Problem e.g. `permission_denied`, `lock_timeout`
 */
export async function digestRelations(
  connection: Connection,
  wanted?: readonly DigestRelation[],
  told: (done: Digest, of: DigestRelation) => void = () => undefined,
): Promise<Digest[]> {
  const list = wanted ?? (await listRelations(connection));
  await pin(connection);
  const digests: Digest[] = [];
  for (const group of groupsOf(list))
    for (const [at, done] of (await digestGroup(connection, group)).entries()) {
      digests.push(done);
      told(done, group[at] as DigestRelation);
    }
  return digests;
}

// The size below which a server does not read in parallel by default (min_parallel_table_scan_size), and the
// number of such tables in one query, which it reads side by side (manual: "Parallel Append").
const [little, atOnce] = [8 * 2 ** 20, 50];

function groupsOf(list: readonly DigestRelation[]): DigestRelation[][] {
  const groups: DigestRelation[][] = [];
  for (const one of list) {
    const last = groups.at(-1);
    const joins = last !== undefined && last.length < atOnce && [...last.slice(-1), one].every(isLittle);
    if (joins) last.push(one);
    else groups.push([one]);
  }
  return groups;
}

const isLittle = ({ kind, bytes }: DigestRelation) => kind !== 'large objects' && bytes < little;

/**
 * Digests one relation in a session with the settings for reading, except for its path: with an empty path
 * all names are printed with their schema. @throws Problem as `digestRelations`
 */
export async function digestRelation(connection: Connection, one: DigestRelation): Promise<Digest> {
  const [digest] = await digestGroup(connection, [one]);
  return digest as Digest;
}

async function digestGroup(connection: Connection, group: readonly DigestRelation[]): Promise<Digest[]> {
  const calls = group.flatMap(({ code }) => code);
  if (calls.length > 0) throw new Problem('planned_code', { environment: connection.description, calls });
  const each = group.map(({ query }, at) => `select ${at} as at, read.rows, read.hash from (${query}) read`);
  const sql = each.length === 1 ? (each[0] as string) : `${each.join(' union all ')} order by at`;
  const [, , found] = await connection.batch([pinned, tablesAlone, sql]);
  const read = found as { rows: string; hash: string }[];
  return group.map(({ kind, name }, at) => ({
    kind,
    name,
    rows: Number(read[at]?.rows),
    hash: read[at]?.hash ?? '',
  }));
}

// Everything that changes how values are written, until the end of the transaction.
function pin(connection: Connection): Promise<void> {
  return connection.execute(`${readingSettings}; ${tablesAlone}`);
}

// Columns are sorted by name: an inheritance child may have another order after a restore. They form a ROW,
// which distinguishes null from an empty text.
function queryOf({ path, relkind, populated, condition, columns, empty }: Relation): string {
  const name = qualify(path);
  if (empty !== null) return `select ${relkind === 'S' ? 1 : 0} as rows, ${literal(empty)} as hash`;
  if (relkind === 'S')
    return `select 1 as rows, row(last_value, is_called)::pg_catalog.text as hash from ${name}`;
  if (!populated) return `select 0 as rows, ${literal('unpopulated')} as hash`;
  return digestQuery(name, columns, condition);
}
