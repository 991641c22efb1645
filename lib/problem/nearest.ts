// Suggests names for a mistyped word.

/**
 * Up to three of `names` that are close to `word`, the closest first: few letters away, or a part of each
 * other.
 * @param word the given word
 */
export function findNearest(word: string, names: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(word.length / 3));
  return names
    .map((name) => ({ name, away: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(
      ({ name, away }) => away <= limit || (word.length > 2 && name.includes(word)) || tail(name) === word,
    )
    .sort((a, b) => a.away - b.away || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** The part after the colon: `status` of `db:status`. */
function tail(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** The number of letters to insert, delete, replace or swap with a neighbour (Damerau's distance). */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (older[j - 2] ?? 0) + 1);
      row.push(best);
    }
    older = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
