// OPTIONS (…) of foreign-data wrappers, servers, user mappings, foreign tables and their columns.
import { literal, quote } from '../../model/quote.ts';
import { hidePasswords, isSecretName } from '../../problem/redact.ts';

/** SQL for options in an order of no meaning, sorted; never null. */
export function buildForeignOptions(column: string): string {
  return `array(select o from unnest(${column}) o order by o)`;
}

const nameOf = (option: string) => option.slice(0, option.indexOf('='));
const settingOf = (option: string) => option.slice(nameOf(option).length + 1);
const assignment = (option: string) => `${quote(nameOf(option))} ${literal(settingOf(option))}`;

/**
 * ` OPTIONS (host 'x')`, or an empty string for none. Options are `name=value`, as the catalogs hold them.
 */
export function formatForeignOptions(options: readonly string[]): string {
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

/**
 * Masks secret options: those with the name of a secret, and passwords in connection strings.
 * @param secret true if an option of that name holds a secret
 */
export function maskOptions<P extends { readonly options: readonly string[] }>(
  payload: P,
  hide: (secret: string) => string,
  secret: (name: string) => boolean = isSecretName,
): P {
  const options = payload.options.map((option) => {
    const [name, value] = [nameOf(option), settingOf(option)];
    return `${name}=${secret(name) ? hide(value) : hidePasswords(value, hide)}`;
  });
  return { ...payload, options };
}
