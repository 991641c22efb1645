// One after the other: a session can do only one thing at a time.

/** Runs works in the order in which they came, each after the one before has ended. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Waits for its turn. Returns or throws the result of the work; a failed work does not stop the next one.
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
