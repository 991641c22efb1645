// A proposed `data.tables` from what migration scripts do: a table of the source for each INSERT … SELECT.
import type { DataIdsConfig, DataTableConfig } from '../config/data.ts';
import { programValue } from '../sql/script.ts';
import type { ScriptFacts, ScriptMapping, ScriptWrite } from './script-facts.ts';
import type { InsertedColumn, InsertSource } from './script-inserts.ts';
import { computedName } from './script-trees.ts';

/** A proposed configuration, and what it leaves to a person. */
export interface TablesProposal {
  /** By table of the source. */
  readonly tables: Readonly<Record<string, DataTableConfig>>;
  readonly notes: readonly string[];
}

interface Draft {
  readonly to: string;
  readonly columns: Record<string, string | { readonly from: string; readonly ids: string }>;
  ids: DataIdsConfig | undefined;
}

interface Sources {
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly mappings: readonly ScriptMapping[];
}

/** Proposes a configuration. @param scripts by file */
export function proposeTables(scripts: ReadonlyMap<string, ScriptFacts>): TablesProposal {
  const facts = [...scripts.values()];
  const sources: Sources = {
    keys: Object.assign({}, ...facts.map(({ keys }) => keys)) as Sources['keys'],
    mappings: facts.flatMap(({ mappings }) => mappings),
  };
  const means: ProposalMeans = { sources, drafts: new Map(), notes: [], later: [] };
  for (const [file, { writes, selects }] of scripts)
    for (const write of writes) {
      const place = `${file}:${write.line}`;
      if (write.from === null || write.table === computedName || isMapping(sources, write.table)) continue;
      const main = mainTable(write, write.from, sources);
      if (main !== null) addInsert({ ...write, from: write.from }, main, place, means);
      else if (write.from.isValues)
        addGuess(write.table, selects.filter(({ line }) => line < write.line).at(-1)?.what, place, means);
    }
  for (const finish of means.later) finish();
  const tables = Object.fromEntries([...means.drafts].map(([name, draft]) => [name, configOf(name, draft)]));
  return { tables, notes: means.notes };
}

interface ProposalMeans {
  readonly sources: Sources;
  readonly drafts: Map<string, Draft>;
  readonly notes: string[];
  /** Decisions that need the ids of all drafts. */
  readonly later: (() => void)[];
}

function addInsert(
  { table, from, guard }: ScriptWrite & { readonly from: InsertSource },
  main: string,
  place: string,
  { sources, drafts, notes, later }: ProposalMeans,
): void {
  if (from.isGrouped) {
    notes.push(`${place}: ${table} has several rows of ${main} in one; pgmage cannot compare these`);
    return;
  }
  const draft = drafts.get(main) ?? { to: table, columns: {}, ids: undefined };
  drafts.set(main, draft);
  const isGuarded = guard === 'NOT EXISTS';
  if (draft.to !== table) notes.push(`${place}: ${main} also fills ${table}`);
  else later.push(...fill(draft, main, { from, sources, place, notes, drafts, isGuarded }));
}

function addGuess(
  table: string,
  read: string | undefined,
  place: string,
  { drafts, notes }: ProposalMeans,
): void {
  if (read === undefined || drafts.has(read)) return;
  drafts.set(read, { to: table, columns: {}, ids: undefined });
  notes.push(`${place}: ${read} → ${table} is a guess from the order of the statements`);
}

function configOf(name: string, { to, columns, ids }: Draft): DataTableConfig {
  return {
    ...(to !== name && { to }),
    ...(Object.keys(columns).length > 0 && { columns }),
    ...(ids !== undefined && { ids }),
  };
}

const isMapping = ({ mappings }: Sources, table: string) => mappings.some((one) => one.table === table);

function mainTable({ table }: ScriptWrite, { tables }: InsertSource, sources: Sources): string | null {
  return tables.find((one) => one.table !== table && !isMapping(sources, one.table))?.table ?? null;
}

interface Filling {
  readonly from: InsertSource;
  readonly sources: Sources;
  readonly place: string;
  readonly notes: string[];
  readonly drafts: ReadonlyMap<string, Draft>;
  /** The condition of the INSERT looks for rows that exist. */
  readonly isGuarded: boolean;
}

/** Fills a draft. @returns decisions that need the ids of all drafts */
function fill(draft: Draft, main: string, filling: Filling): (() => void)[] {
  const { from, sources, place, notes, isGuarded } = filling;
  if (from.hasCondition && !isGuarded)
    notes.push(`${place}: the script chooses among the rows of ${main}; see where`);
  const [key = 'id'] = sources.keys[main] ?? [];
  const [targetKey = 'id'] = sources.keys[draft.to] ?? [];
  const later: (() => void)[] = [];
  for (const column of from.columns) {
    const mapped = mappedColumn(column, main, filling);
    if (mapped?.column === key && column.name === targetKey) draft.ids ??= mapped.ids;
    else if (mapped !== null) later.push(() => addReference(draft, column.name, mapped, filling));
    else if (column.name === targetKey && isOwnId(column.sql))
      draft.ids ??= ownIds(column.sql, main, key, filling);
    else addColumn(draft, column, main, filling);
  }
  const kept = keptKey(main, key, from);
  const isFilled = from.columns.some(({ name }) => name === targetKey);
  if (draft.ids === undefined && !isFilled && kept !== undefined && kept !== targetKey) {
    draft.ids = { column: kept };
    delete draft.columns[kept];
  }
  return later;
}

// The target's column that gets the source's key.
const keptKey = (main: string, key: string, { columns }: InsertSource) =>
  columns.find(({ source }) => source?.table === main && source.column === key)?.name;

interface Mapped {
  /** The source's column that the mapping translates. */
  readonly column: string;
  readonly ids: DataIdsConfig;
}

function mappedColumn({ source }: InsertedColumn, main: string, { from, sources }: Filling): Mapped | null {
  if (source === null || !isMapping(sources, source.table)) return null;
  const join = from.joins
    .flatMap(({ left, right }) => [
      { left, right },
      { left: right, right: left },
    ])
    .find(({ left, right }) => left.table === source.table && right.table === main);
  if (join === undefined) return null;
  const own = from.constants.filter(({ table }) => table === source.table);
  const where = Object.fromEntries(own.map(({ column, value }) => [column, value]));
  return {
    column: join.right.column,
    ids: {
      table: source.table,
      ...(own.length > 0 && { where }),
      old: join.left.column,
      new: source.column,
    },
  };
}

function addReference(
  draft: Draft,
  name: string,
  { column, ids }: Mapped,
  { drafts, place, notes }: Filling,
): void {
  // A join that names no entity may read the mapping of any.
  const isSame = (other: DataIdsConfig | undefined) =>
    other !== undefined &&
    'table' in other &&
    'table' in ids &&
    other.table === ids.table &&
    (ids.where === undefined || JSON.stringify(other.where) === JSON.stringify(ids.where));
  const referred = [...drafts].filter(([, other]) => isSame(other.ids)).map(([table]) => table);
  if (referred.length === 1) draft.columns[name] = { from: column, ids: referred[0] as string };
  else notes.push(`${place}: ${name} comes through a mapping; name the table of its ids in columns`);
}

const isOwnId = (sql: string) =>
  /^(gen_random_uuid|uuid_generate_v[145]|uuidv[47]|default)\b/i.test(sql) || sql === programValue;

function ownIds(
  sql: string,
  main: string,
  key: string,
  { sources, place, notes, from }: Filling,
): DataIdsConfig | undefined {
  const namespace = /^uuid_generate_v5\s*\(\s*'([0-9a-f-]{36})'/i.exec(sql)?.[1];
  if (namespace !== undefined) return { derive: 'uuid_v5', namespace };
  const kept = keptKey(main, key, from);
  if (kept !== undefined && kept !== key) return { column: kept };
  const [mapping] = sources.mappings.filter((one) => one.old !== null && one.new !== null);
  if (mapping?.old && mapping.new) return { table: mapping.table, old: mapping.old, new: mapping.new };
  notes.push(`${place}: the ids of ${main} are new in the target; set ids`);
  return undefined;
}

function addColumn(
  draft: Draft,
  { name, sql, source }: InsertedColumn,
  main: string,
  { from, place, notes }: Filling,
): void {
  if (name === '' || /^(default|now\(\)|current_timestamp)$/i.test(sql)) return;
  if (source !== null && source.table === main) {
    if (source.column !== name) draft.columns[name] = source.column;
    return;
  }
  const others = from.tables.filter(({ table }) => table !== main).map(({ alias }) => alias);
  if (
    source !== null ||
    others.some((alias) => new RegExp(`\\b${alias}\\.`).test(sql)) ||
    sql.includes(programValue)
  ) {
    notes.push(`${place}: ${name} = ${sql.replaceAll(programValue, '…')} reads more than a row of ${main}`);
    return;
  }
  const own = from.tables.find(({ table }) => table === main)?.alias ?? '';
  draft.columns[name] = sql.replace(new RegExp(`\\b${own}\\.`, 'g'), '');
}
