// Node's event loop, kept awake while only V8's own threads are at work.

/**
 * Runs work that starts WebAssembly. Without other work, Node would wait up to a third of a second for
 * threads that only optimize running code.
 */
export async function keepEventLoopAlive<T>(work: () => Promise<T>): Promise<T> {
  const waiting = setInterval(() => undefined, 2 ** 30);
  try {
    return await work();
  } finally {
    clearInterval(waiting);
  }
}
