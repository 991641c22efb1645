// Effects that a change of rows has beside itself: triggers, which are turned off, and rows that the server
// changes by foreign keys, which are counted.
import { qualify, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import type { TableShape, TriggerShape } from './shape.ts';

/** SQL that turns the triggers of tables off, and SQL that turns each on again as it was. */
export function switchTriggers(tables: readonly TableShape[]): { readonly off: string; readonly on: string } {
  const all = tables.filter(({ may }) => may.own).flatMap(firingTriggers);
  const each = (verb: (one: TriggerShape) => string) =>
    all.map((one) => `alter table only ${one.table} ${verb(one)} trigger ${quote(one.name)}`).join(';\n');
  return {
    off: each(() => 'disable'),
    on: each(({ state }) => (state === 'always' ? 'enable always' : 'enable')),
  };
}

/** The triggers of a table that fire for a user's statements. */
export const firingTriggers = ({ triggers }: TableShape): readonly TriggerShape[] =>
  triggers.filter(({ state }) => state === 'enabled' || state === 'always');

/** Rows of one table that were inserted, updated and deleted. */
export interface RowEffects {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

// The server counts them for its statistics (manual: "Viewing Statistics"). Partitions count for their table.
const counted = (what: string) => `sum(pg_catalog.pg_stat_get_xact_tuples_${what}(c.oid))::int8`;
const effects = `select pg_catalog.json_build_array(nspname, relname) as path,
    inserted::text, updated::text, deleted::text
  from (select n.nspname, r.relname, ${counted('inserted')} as inserted, ${counted('updated')} as updated,
      ${counted('deleted')} as deleted
    from pg_class c join pg_class r on r.oid = coalesce(pg_partition_root(c.oid), c.oid)
      join pg_namespace n on n.oid = r.relnamespace
    where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'pgmage'
    group by n.nspname, r.relname) s
  where inserted + updated + deleted > 0`;

/** The effects that the session has counted up to now, by table. @throws Problem of the connection */
export async function readEffects(connection: ServerConnection): Promise<ReadonlyMap<string, RowEffects>> {
  type Row = { path: [string, string] } & Record<keyof RowEffects, string>;
  const rows = await connection.rows<Row>(effects);
  return new Map(
    rows.map(({ path, inserted, updated, deleted }) => [
      qualify(path),
      { inserted: Number(inserted), updated: Number(updated), deleted: Number(deleted) },
    ]),
  );
}

/** The effects on one table that its own change does not explain. */
export interface SideEffect extends RowEffects {
  readonly table: string;
}

/** The effects of a change by itself. */
export interface OwnEffects extends RowEffects {
  readonly isPartitioned: boolean;
}

const none: RowEffects = { inserted: 0, updated: 0, deleted: 0 };

/**
 * Finds the effects that a change does not explain. An update that moves a row to another partition counts as
 * a deleted and an inserted row.
 */
export function findSideEffects(
  before: ReadonlyMap<string, RowEffects>,
  after: ReadonlyMap<string, RowEffects>,
  own: ReadonlyMap<string, OwnEffects>,
): SideEffect[] {
  return [...after].flatMap(([table, now]) => {
    const { inserted, updated, deleted } = before.get(table) ?? none;
    const { isPartitioned = false, ...ours } = own.get(table) ?? (none as OwnEffects);
    const more = now.inserted - inserted - ours.inserted;
    const moved = isPartitioned ? Math.max(0, more) : 0;
    const effect = {
      table,
      inserted: more - moved,
      updated: now.updated - updated - ours.updated + moved,
      deleted: now.deleted - deleted - ours.deleted - moved,
    };
    return effect.inserted !== 0 || effect.updated !== 0 || effect.deleted !== 0 ? [effect] : [];
  });
}
