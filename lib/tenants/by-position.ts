// Facts that all tenants at the same migration have in common: without drift, they have the same schema.

/** Values by what they are of, such as the number of applied migrations. */
export class ByPosition<Value> {
  readonly #found = new Map<number | string, Promise<Value>>();
  readonly #most: number;

  /** @param most the number of values that are kept, of those that take much memory */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  /** Gives a value, and finds it where it is asked for first. */
  get(of: number | string, find: () => Promise<Value>): Promise<Value> {
    const found = this.#found.get(of) ?? find();
    this.#found.delete(of);
    this.#found.set(of, found);
    const [oldest] = this.#found.keys();
    if (this.#found.size > this.#most && oldest !== undefined) this.#found.delete(oldest);
    return found;
  }
}
