// The counts of a campaign, and the lines in which they are printed.

/** One trial that was not wrong, or what was wrong about it. */
export interface Counted {
  /** `embedded, service killed`. */
  readonly row: string;
  readonly kind: string;
  readonly state?: string;
  readonly doing?: string;
  /** Milliseconds until the truth, or until the job was over, whatever the part measures. */
  readonly truth?: number;
  readonly over?: number;
  readonly wrong?: string;
}

/** The counts. */
export interface Tally {
  add(one: Counted): void;
  readonly trials: number;
  readonly wrong: number;
  /** A line for each row, one for the parts of each kind that were struck, and the sum. */
  lines(): string[];
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
const slowest = (all: readonly Counted[], of: 'truth' | 'over') =>
  Math.max(0, ...all.map((one) => one[of] ?? 0));

/** Begins to count. */
export function openTally(): Tally {
  const all: Counted[] = [];
  const wrongOf = (some: readonly Counted[]) => some.filter(({ wrong }) => wrong !== undefined).length;
  return {
    add: (one) => void all.push(one),
    get trials() {
      return all.length;
    },
    get wrong() {
      return wrongOf(all);
    },
    lines() {
      const rows = [...groupBy(all, ({ row }) => row)].sort(([a], [b]) => (a < b ? -1 : 1));
      const width = Math.max(0, ...rows.map(([row]) => row.length));
      return [
        ...rows.map(([row, some]) => `${row.padEnd(width)}  ${describe(some)}, ${wrongOf(some)} wrong`),
        ...[...groupBy(all, ({ kind }) => kind)].map(
          ([kind, some]) => `struck in ${kind}: ${describeParts(some)}`,
        ),
        `${all.length} trials, ${wrongOf(all)} wrong; slowest truth ${seconds(slowest(all, 'truth'))}, ` +
          `slowest end ${seconds(slowest(all, 'over'))}`,
      ];
    },
  };
}

function describe(some: readonly Counted[]): string {
  const states = [...groupBy(some, ({ state }) => state ?? '')].filter(([state]) => state !== '');
  const counts = states.map(([state, of]) => `${of.length} ${state}`).sort();
  const times = `truth ${seconds(slowest(some, 'truth'))}, over ${seconds(slowest(some, 'over'))}`;
  return [`${String(some.length).padStart(3)} trials`, ...counts, times].join(', ');
}

// `Copying 3, Comparing target 2`: names of files and databases are left out.
function describeParts(some: readonly Counted[]): string {
  const named = some.filter(({ doing }) => doing !== undefined);
  const parts = groupBy(
    named,
    ({ doing = '' }) => (/^\w+( (up|indexes)\b)?/.exec(doing) ?? [doing])[0] ?? '',
  );
  return [...parts].map(([part, of]) => `${part} ${of.length}`).join(', ');
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
