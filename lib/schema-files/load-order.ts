// The order in which psql can load the files of a schema, one after the other.

/** A statement of a plan: the file that it belongs to, and the places of those that have to run before it. */
export interface FileStatement {
  readonly file: string;
  readonly waits: readonly number[];
}

/** The file of statements that fit in no order of whole files: two tables that refer to each other. */
export const circularFile = 'zz_circular.sql';

/**
 * Orders files so that each one depends only on earlier ones. A statement that needs a later file moves to a
 * file of its own.
 * @param steps in a valid order
 * @param isLast true if a file must come after all others, because it would change their objects
 * @returns the files in their order, each with the indices of its statements
 */
export function orderFiles(
  steps: readonly FileStatement[],
  isLast: (file: string) => boolean,
): Map<string, readonly number[]> {
  const own = new Map<string, number[]>();
  for (const [at, { file }] of steps.entries()) own.set(file, [...(own.get(file) ?? []), at]);
  const names = [...own.keys()];
  const order = [
    ...inOrder(
      names.filter((file) => !isLast(file)),
      steps,
    ),
    ...names.filter(isLast),
  ];
  const place = new Map(order.map((file, at) => [file, at]));
  const late = new Set<number>();
  for (const [at, { file, waits }] of steps.entries()) {
    const mine = place.get(file) as number;
    const isLate = (other: number) =>
      late.has(other) || (place.get(steps[other]?.file as string) as number) > mine;
    if (waits.some(isLate)) late.add(at);
  }
  const moved = [...late].filter((at) => !isLast(steps[at]?.file as string));
  const apart = new Set(moved);
  const result = new Map<string, readonly number[]>();
  for (const file of order) {
    if (isLast(file) && moved.length > 0) result.set(circularFile, moved);
    const rest = (own.get(file) as number[]).filter((at) => !apart.has(at));
    if (rest.length > 0) result.set(file, rest);
  }
  if (moved.length > 0) result.set(circularFile, moved);
  return result;
}

// The first file that needs no other is next; where they all need each other, the first that is there.
function inOrder(files: readonly string[], steps: readonly FileStatement[]): string[] {
  const needs = new Map(files.map((file) => [file, new Set<string>()]));
  for (const { file, waits } of steps)
    for (const at of waits) {
      const other = steps[at]?.file as string;
      if (other !== file && needs.has(other)) needs.get(file)?.add(other);
    }
  const order: string[] = [];
  const left = new Set(files);
  while (left.size > 0) {
    const isReady = (file: string) => ![...(needs.get(file) ?? [])].some((other) => left.has(other));
    const next = [...left].find(isReady) ?? (firstOnCycle(left, needs) as string);
    order.push(next);
    left.delete(next);
  }
  return order;
}

// From a file that waits to one that it waits for, until one is seen again: that one is on a cycle.
function firstOnCycle(left: ReadonlySet<string>, needs: ReadonlyMap<string, ReadonlySet<string>>): string {
  const seen = new Set<string>();
  let at = [...left][0] as string;
  while (!seen.has(at)) {
    seen.add(at);
    at = [...(needs.get(at) ?? [])].find((other) => left.has(other)) as string;
  }
  return at;
}
