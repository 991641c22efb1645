// Storage parameters (reloptions), as tables, indexes and views share them.
import { literal, quote } from '../model/quote.ts';

/** `WITH (fillfactor = '70')`, or an empty string for no options. Options are `name=value` as pg_class.reloptions. */
export function withOptions(options: readonly string[]): string {
  return options.length === 0 ? '' : `WITH (${options.map(assignment).join(', ')})`;
}

/** SQL for reloptions as the server writes them behind a definition, ` WITH (…)`; an empty text for none. */
export function writtenOptions(column: string): string {
  return `coalesce(' WITH (' || (select string_agg(quote_ident(split_part(o, '=', 1)) || '='
    || case when quote_ident(v) = v then v else '''' || replace(v, '''', '''''') || '''' end, ', ' order by place)
    from unnest(${column}) with ordinality r(o, place), lateral (select substr(o, strpos(o, '=') + 1) as v) x) || ')', '')`;
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
