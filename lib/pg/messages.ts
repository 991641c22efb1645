// Messages to a server as bytes (manual: "Message Formats"), for texts that are not UTF-8.

/** So many zero bytes: the end of a text, an empty name, a count of none. */
export const zeros = (count: number) => Buffer.alloc(count);

/** A message: its letter, its length, and its parts. */
export function message(letter: string, ...parts: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter, 'latin1');
  head.writeUInt32BE(4 + parts.reduce((sum, { length }) => sum + length, 0), 1);
  return Buffer.concat([head, ...parts]);
}

/** The message of a simple query. */
export const simpleQuery = (sql: Uint8Array) => message('Q', sql, zeros(1));
