// Storage parameters (reloptions) of tables, indexes and views, and options of columns (attoptions).
import { literal, quote } from '../../model/quote.ts';

const columnOptionNames = new Set(['n_distinct', 'n_distinct_inherited']);

/**
 * SQL for the options of a column that the manual documents (ALTER TABLE, "SET ( attribute_option = value
 * )"). The server stores entries of its own beside them: `pg_attver` since the releases of November 2026,
 * which pg_dump leaves out.
 * @param column SQL for a value of pg_attribute.attoptions
 */
export function buildColumnOptions(column: string): string {
  return `array(select o from unnest(${column}) o
        where split_part(o, '=', 1) in (${[...columnOptionNames].map(literal).join(', ')}))`;
}

/** `reconcile.upgraded` of columns: 0.1.0 wrote down all that the server stores. */
export function withColumnOptions<P extends { readonly options: readonly string[] }>(payload: P): P {
  return { ...payload, options: payload.options.filter((option) => columnOptionNames.has(nameOf(option))) };
}

/**
 * SQL for storage parameters. An access method of an extension defines its own, so an unknown name is schema;
 * names that begin with `pg_` belong to the server.
 * @param column SQL for a value of pg_class.reloptions
 * @param prefix what to write before each name, e.g. `toast.`
 */
export function buildRelationOptions(column: string, prefix = ''): string {
  const name = prefix === '' ? 'o' : `'${prefix}' || o`;
  return `array(select ${name} from unnest(${column}) o where left(o, 3) <> 'pg_')`;
}

/**
 * `WITH (fillfactor = '70')`, or an empty string for no options. Options are `name=value` as
 * pg_class.reloptions.
 */
export function formatOptions(options: readonly string[]): string {
  return options.length === 0 ? '' : `WITH (${options.map(assignment).join(', ')})`;
}

/** SQL for reloptions as the server writes them behind a definition, ` WITH (…)`; an empty text for none. */
export function buildWrittenOptions(column: string): string {
  return `coalesce(' WITH (' || (select string_agg(quote_ident(split_part(o, '=', 1)) || '='
    || case when quote_ident(v) = v then v else '''' || replace(v, '''', '''''') || '''' end, ', '
    order by place)
    from unnest(${column}) with ordinality r(o, place), lateral (select substr(o, strpos(o,
    '=') + 1) as v) x) || ')', '')`;
}

/** SQL for a text without the other one that it ends with. */
export function without(end: string, text: string): string {
  return `left(${text} || '.', -1 - length(${end}))`;
}

/** SET and RESET of the options that differ, behind the given start of an ALTER command. */
export function alterOptions(command: string, from: readonly string[], to: readonly string[]): string[] {
  const set = to.filter((option) => !from.includes(option));
  const reset = from.map(nameOf).filter((name) => !to.some((option) => nameOf(option) === name));
  return [
    ...(set.length > 0 ? [`${command} SET (${set.map(assignment).join(', ')})`] : []),
    ...(reset.length > 0 ? [`${command} RESET (${reset.map(optionName).join(', ')})`] : []),
  ];
}

function nameOf(option: string): string {
  return option.slice(0, option.indexOf('='));
}

function assignment(option: string): string {
  return `${optionName(nameOf(option))} = ${literal(option.slice(option.indexOf('=') + 1))}`;
}

// `toast.autovacuum_enabled` is two names.
function optionName(name: string): string {
  return name.split('.').map(quote).join('.');
}
