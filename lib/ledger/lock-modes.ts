// The lock modes that conflict.

// Manual: "Explicit Locking", table "Conflicting Lock Modes", in its order.
const modes = [
  'AccessShare',
  'RowShare',
  'RowExclusive',
  'ShareUpdateExclusive',
  'Share',
  'ShareRowExclusive',
  'Exclusive',
  'AccessExclusive',
] as const;

/** The mode of a lock on a table, as pg_locks writes it before `Lock`. */
export type LockMode = (typeof modes)[number];

const table = `.......X ......XX ....XXXX ...XXXXX ..XX.XXX ..XXXXXX .XXXXXXX XXXXXXXX`.split(' ');

const pairs = modes.flatMap((one, row) =>
  modes.filter((_, column) => table[row]?.[column] === 'X').map((other) => `('${one}Lock', '${other}Lock')`),
);

/**
 * A condition: the modes of two locks on one object conflict.
 * @param one the alias of a row of pg_locks
 * @param other the alias of another one
 */
export const buildConflict = (one: string, other: string): string =>
  `(${one}.mode, ${other}.mode) in (${pairs.join()})`;
