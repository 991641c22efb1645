// Errors of PostgreSQL in WebAssembly, as text.

/** Why it failed. Its file system throws objects that are no errors and have only a number. */
export function describeError(thrown: unknown): string {
  if (thrown instanceof Error && thrown.message !== '') return thrown.message;
  const { name, errno } = Object(thrown) as { name?: unknown; errno?: unknown };
  if (typeof errno !== 'number') return String(thrown);
  // Numbers of WASI (source: wasi/api.h).
  const reason = errno === 51 ? 'no space is left on the disk' : `error ${errno} of the file system`;
  return `${typeof name === 'string' ? `${name}: ` : ''}${reason}`;
}
