// Columns that hold new ids, compared in the source's terms: the mapping gives the old id of a target's row.
import { literal, quote } from '../model/quote.ts';
import { applyHashRule, asText } from '../pg/row-hash.ts';
import { outputText } from '../pg/values.ts';
import { convert } from './conversions.ts';
import { columnOf, type IdsReference, readOnly, type TableIds } from './ids.ts';
import type { FoundColumn } from './paired-columns.ts';
import type {
  AllottedIds,
  ColumnPair,
  ColumnShape,
  PairIds,
  PairSide,
  TablePair,
  TableShape,
} from './shape.ts';

/** A found column, and the join of the target that its values come from. */
export interface FoundIds extends FoundColumn {
  /** `(select …) m3 on …`, without the word JOIN; null: none is needed. */
  readonly join: string | null;
}

/**
 * Pairs a column with its old ids.
 * @param at its place, which names the join
 */
export function pairIds(
  column: ColumnShape,
  reference: IdsReference,
  at: number,
  casts: ReadonlySet<string>,
): FoundIds {
  const { ids, source } = reference;
  const note = { verdict: 'converted' as const, reason: `it has the ids of ${ids.to.name}` };
  const shared = { fitChecks: [], uses: source.name, isPlain: true, note };
  const there = `t.${quote(column.name)}`;
  const own = `t.${quote(source.name)}`;
  if (ids.kept.is === 'derived') return { ...shared, pair: pairDerived(column, ids.kept, own), join: null };
  const { old } = ids.kept;
  const newId = ids.kept.is === 'table' ? ids.kept.new : ids.id.to;
  const refuse = (reason: string): FoundIds => {
    const refused = { verdict: 'refused', reason, forbids: 'comparing' } as const;
    return { ...shared, pair: null, join: null, note: refused };
  };
  if (newId.known !== column.known)
    return refuse(`its ids are of type ${column.plain}, those of the mapping of type ${newId.plain}`);
  const converted = convert({ sql: own, column: source }, old, casts);
  if (converted.is === 'refused') return refuse(`old ids do not fit the mapping: ${converted.reason}`);
  const alias = `m${at}`;
  const value = { from: converted.is === 'same' ? own : converted.value, to: `${alias}.pgmage_old` };
  const hash = { from: applyHashRule(old.rule, value.from), to: applyHashRule(old.rule, value.to) };
  const unfit = { column: column.name, type: old.plain, text: outputText(own) };
  return {
    ...shared,
    fitChecks: converted.unfit === null ? [] : [{ ...unfit, unfit: converted.unfit }],
    pair: {
      name: column.name,
      type: old.plain,
      written: { of: ids.to.name, value: there, type: column.plain, select: selectMapping(ids) },
      value,
      hash: reference.isOwn ? hash : hashReference(old, value, there),
    },
    join: `(${selectMapping(ids)}) ${alias} on ${alias}.pgmage_new = ${there}`,
  };
}

// The source computes the new id.
function pairDerived(
  { name, plain, rule }: ColumnShape,
  kept: Extract<TableIds['kept'], { is: 'derived' }>,
  old: string,
): ColumnPair {
  const from = deriveUuid(kept, outputText(old));
  const to = `t.${quote(name)}`;
  const hash = { from: applyHashRule(rule, from), to: applyHashRule(rule, to) };
  return { name, type: plain, value: { from, to }, hash };
}

// Of 16 bytes of the hash, some bits say the version and the variant (RFC 9562, 5.5).
function deriveUuid({ by, namespace }: Extract<TableIds['kept'], { is: 'derived' }>, text: string): string {
  const space = `${literal(namespace)}::pg_catalog.uuid`;
  const own = (name: string) => `${quote(by.schema)}.${name}`;
  if (by.name === 'uuid-ossp') return `${own('uuid_generate_v5')}(${space}, ${text})`;
  const bytes = `pg_catalog.uuid_send(${space}) operator(pg_catalog.||)
    pg_catalog.convert_to(${text}, pg_catalog.getdatabaseencoding())`;
  const hash = `(select pg_catalog.substring(${own('digest')}(${bytes}, 'sha1'), 1, 16) as h)`;
  const byte = (at: number, mask: number, bits: number) =>
    `(pg_catalog.get_byte(h, ${at}) & ${mask}) | ${bits}`;
  const marked = `pg_catalog.set_byte(pg_catalog.set_byte(h, 6, ${byte(6, 15, 80)}), 8, ${byte(8, 63, 128)})`;
  return `(select pg_catalog.encode(${marked}, 'hex')::pg_catalog.uuid from ${hash} derived)`;
}

// A reference to a row that is not mapped is not null: it differs from every reference of the source.
function hashReference(old: ColumnShape, value: { from: string; to: string }, there: string) {
  const text = (sql: string) => asText(sql, old.isSystem);
  return {
    from: text(value.from),
    to: `(case when ${there} is not null then coalesce(${text(value.to)}, '') end) collate pg_catalog."C"`,
  };
}

// A query for the old and new ids of a table. No condition can mean these names.
function selectMapping({ to, id, kept }: TableIds): string {
  if (kept.is === 'derived') return '';
  const select = (old: ColumnShape, own: ColumnShape, table: TableShape, more: readonly string[]) =>
    `select ${columnOf('m', old)} as pgmage_old, ${columnOf('m', own)} as pgmage_new from ${readOnly(table)} m
      where ${[`${columnOf('m', old)} is not null`, ...more].join(' and ')}`;
  if (kept.is === 'column') return select(kept.old, id.to, to, []);
  return select(kept.old, kept.new, kept.table, mappingConditions(kept));
}

const mappingConditions = ({ where }: { readonly where: Readonly<Record<string, string>> }) =>
  Object.entries(where).map(([name, value]) => `m.${quote(name)} = ${literal(value)}`);

/** The ids of a pair of tables. */
export interface IdsOfColumns {
  /** By column of the target. */
  readonly references: ReadonlyMap<string, IdsReference>;
  /** Those of the table itself. */
  readonly ids: TableIds | undefined;
}

/** The target's side, with the old ids of its rows. A row without one takes no part. */
export function joinIds(
  plain: PairSide,
  { key, range, uncheckedKey }: Pick<TablePair, 'key' | 'range' | 'uncheckedKey'>,
  joins: ReadonlyMap<string, string>,
  { ids, references }: IdsOfColumns,
): Pick<TablePair, 'to' | 'range' | 'uncheckedKey' | 'ids'> {
  const names = key.map(({ name }) => name);
  const isMapped = names.some((name) => references.has(name));
  const from = [...joins].map(([name, join]) => ` ${names.includes(name) ? 'join' : 'left join'} ${join}`);
  const isKept = ids?.kept.is === 'column' ? `t.${quote(ids.kept.old.name)} is not null` : '';
  const where = [plain.where, isKept].filter((one) => one !== '').join(' and ');
  const to = { ...plain, from: `${plain.from}${from.join('')}`, where };
  const own = isMapped || ids !== undefined ? idsOfPair(ids, to, plain) : null;
  if (!isMapped) return { to, range, uncheckedKey, ids: own };
  return { to, range: null, uncheckedKey: { from: uncheckedKey.from, to: true }, ids: own };
}

// The checks and counts of a pair that has ids.
function idsOfPair(own: TableIds | undefined, joined: PairSide, plain: PairSide): PairIds {
  const where = ({ where: sql }: PairSide) => (sql === '' ? '' : ` where ${sql}`);
  const count = (side: PairSide) => `(select count(*) from ${side.from}${where(side)})`;
  const mapping = own?.kept.is === 'table' ? own.kept : null;
  const more = plain.where === '' ? '' : ` and ${plain.where}`;
  return {
    allotted: own === undefined ? null : allottedIds(own),
    unmapped: `select (${count(plain)} - ${count(joined)})::text as rows`,
    unmappedIds: `select ${keyText(plain.table)} as id from ${plain.from} where (t.tableoid, t.ctid) not in (
      select t.tableoid, t.ctid from ${joined.from}${where(joined)})${more}
      limit 1000`,
    mapping: mapping?.table ?? null,
    checks:
      own === undefined || mapping === null
        ? []
        : (['old', 'new'] as const).map((side) => ({
            what: mapping[side].name,
            sql: `select ${outputText(`pgmage_${side}`)} as value from (${selectMapping(own)}) m
              group by pgmage_${side} having count(*) > 1 limit 1`,
          })),
  };
}

// The primary key, for people.
function keyText({ uniques }: TableShape): string {
  const key = uniques.find(({ is }) => is === 'primary key')?.columns ?? ['ctid'];
  return `pg_catalog.concat_ws(', ', ${key.map((name) => outputText(`t.${quote(name)}`)).join(', ')})`;
}

function allottedIds(ids: TableIds): AllottedIds | null {
  const { id, to, kept } = ids;
  if (kept.is === 'derived') return null;
  const make = makeId(id.to, to);
  if (kept.is === 'column')
    return { is: 'column', column: kept.old.name, make, id: id.to.name, type: id.to.plain };
  const mapping = {
    table: kept.table.name,
    where: kept.where,
    old: kept.old.name,
    new: kept.new.name,
    deleted: kept.isDeleted
      ? [`m.${quote(kept.new.name)} = t.${quote(id.to.name)}`, ...mappingConditions(kept)].join(' and ')
      : null,
    staged: kept.refersToRows ? id.to.plain : null,
  };
  return { is: 'table', column: id.to.name, make, select: selectMapping(ids), mapping };
}

// An integer comes from the sequence of its column.
function makeId({ plain, name }: ColumnShape, { name: table }: TableShape): string {
  if (plain === 'uuid') return 'pg_catalog.gen_random_uuid()';
  return `pg_catalog.nextval(pg_catalog.pg_get_serial_sequence(${literal(table)}, ${literal(name)}))`;
}
