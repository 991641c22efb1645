// OPTIONS (…) of foreign-data wrappers, servers, user mappings, foreign tables and their columns.
import { literal, quote } from '../model/quote.ts';

/** SQL for options in an order of no meaning, sorted; never null. */
export function optionsOf(column: string): string {
  return `array(select o from unnest(${column}) o order by o)`;
}

const nameOf = (option: string) => option.slice(0, option.indexOf('='));
const assignment = (option: string) =>
  `${quote(nameOf(option))} ${literal(option.slice(nameOf(option).length + 1))}`;

/** ` OPTIONS (host 'x')`, or an empty string for none. Options are `name=value`, as the catalogs hold them. */
export function withForeignOptions(options: readonly string[]): string {
  return options.length === 0 ? '' : ` OPTIONS (${options.map(assignment).join(', ')})`;
}

/** ALTER … OPTIONS (ADD, SET, DROP) behind the given start of a command; empty where nothing differs. */
export function alterForeignOptions(
  command: string,
  from: readonly string[],
  to: readonly string[],
): string[] {
  const had = new Set(from.map(nameOf));
  const has = new Set(to.map(nameOf));
  const actions = [
    ...from.filter((option) => !has.has(nameOf(option))).map((option) => `DROP ${quote(nameOf(option))}`),
    ...to
      .filter((option) => !from.includes(option))
      .map((option) => `${had.has(nameOf(option)) ? 'SET' : 'ADD'} ${assignment(option)}`),
  ];
  return actions.length === 0 ? [] : [`${command} OPTIONS (${actions.join(', ')})`];
}
