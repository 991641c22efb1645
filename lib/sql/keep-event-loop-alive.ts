// Node's event loop, kept awake while only V8's own threads are at work.

/**
 * Does work that begins WebAssembly. With nothing else to wait for, Node would stop until all of these threads are done,
 * also with what only makes faster what runs already: a third of a second.
 */
export async function awake<T>(work: () => Promise<T>): Promise<T> {
  const waiting = setInterval(() => undefined, 2 ** 30);
  try {
    return await work();
  } finally {
    clearInterval(waiting);
  }
}
