// Advice on options that are given once for each value.

/** The sentence to append where a value looks like several: `a,b` is `--tables a --tables b`. Else empty. */
export function adviseRepeat(option: string, value: string): string {
  const values = value.split(/[,\s]+/).filter(Boolean);
  return values.length < 2 ? '' : `. For several, write ${values.map((one) => `${option} ${one}`).join(' ')}`;
}
