// The next schema of a walk: the one before it, with a few choices of another.

/**
 * Takes each choice from `other` where `chance` says so, at every depth. The choices of the grammar make
 * sense with one another, and so does whatever is put together from two of its schemas.
 */
export function neighbour<T>(own: T, other: T, chance: () => boolean): T {
  if (Array.isArray(own) && Array.isArray(other) && own.length === other.length)
    return own.map((value, at) => neighbour(value, other[at], chance)) as T;
  if (isRecord(own) && isRecord(other)) {
    const entries = Object.entries(own).map(([name, value]) => [name, neighbour(value, other[name], chance)]);
    return Object.fromEntries(entries) as T;
  }
  return chance() ? other : own;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
