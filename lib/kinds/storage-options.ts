// Storage parameters (reloptions), as tables, indexes and views share them.
import { literal, quote } from '../model/quote.ts';

/** `WITH (fillfactor = '70')`, or an empty string for no options. Options are `name=value` as pg_class.reloptions. */
export function withOptions(options: readonly string[]): string {
  return options.length === 0 ? '' : `WITH (${options.map(assignment).join(', ')})`;
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
