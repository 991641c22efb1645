// The progress of a copy or a comparison: the table, its bytes or rows, the rate and the time left.

/**
 * The progress of work in bytes or rows. The total is approximate: it has the server's estimates of the
 * tables whose amount is not known yet.
 */
export interface CopyProgress {
  /** The unit of the amounts; default: bytes. */
  readonly unit?: 'rows';
  /** The work, e.g. `Copying`. */
  readonly doing: string;
  /** The current table. */
  readonly name: string;
  readonly own: ByteCount;
  readonly all: ByteCount;
  /** Amount in a second, so far. */
  readonly rate: number;
  readonly secondsLeft: number;
}

/** So many bytes, or rows, of so many. */
export interface ByteCount {
  readonly done: number;
  readonly of: number;
}

/** The receiver of progress, and its clock. */
export interface ProgressSink {
  now(): Date;
  /** Writes a line. */
  progress(message: string): void;
  /** Draws the progress over the previous one; left out where there is no terminal. */
  pace?(pace: CopyProgress): void;
}

// Milliseconds between two updates: of the drawn line, and of lines that stay.
const [frame, interval] = [100, 2000];

/**
 * Counts bytes as they pass, and reports the progress. `told` takes the exact size of a table once it is
 * known.
 */
export function makeProgress(
  teller: ProgressSink,
  tables: readonly { readonly name: string; readonly bytes: number }[],
  doing = 'Copying',
  unit?: 'rows',
) {
  const sizes = new Map(tables.map(({ name, bytes }) => [name, bytes]));
  const passed = new Map<string, number>();
  let of = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const start = teller.now().getTime();
  let done = 0;
  let last = start;
  return {
    bytes: () => done,
    told: ({ name }: { readonly name: string }, more: number, exact?: number) => {
      done += more;
      const estimate = sizes.get(name) ?? 0;
      const size = exact ?? estimate;
      of += size - estimate;
      sizes.set(name, size);
      const own = { done: (passed.get(name) ?? 0) + more, of: size };
      passed.set(name, own.done);
      const now = teller.now().getTime();
      if (now - last < (teller.pace === undefined ? interval : frame)) return;
      last = now;
      const times = timesOf({ done, of }, (now - start) / 1000);
      const pace: CopyProgress = { doing, name, own, all: { done, of }, ...times, ...(unit && { unit }) };
      if (teller.pace === undefined) teller.progress(lineOf(pace));
      else teller.pace(pace);
    },
  };
}

function timesOf({ done, of }: ByteCount, seconds: number): Pick<CopyProgress, 'rate' | 'secondsLeft'> {
  const rate = done / seconds;
  return { rate, secondsLeft: rate === 0 ? 0 : Math.ceil(Math.max(0, of - done) / rate) };
}

/** Counts the rows of tables as they are read, and reports the progress. */
export function makeRowProgress(
  teller: ProgressSink,
  tables: readonly { readonly name: string; readonly rows: number }[],
  doing: string,
) {
  return makeProgress(
    teller,
    tables.map(({ name, rows }) => ({ name, bytes: rows })),
    doing,
    'rows',
  );
}

/** The finished part, from 0 to 1: the estimated size may be too small. */
export const computeRatio = ({ done, of }: ByteCount) => (of === 0 ? 1 : Math.min(1, done / of));

/** True if there is nothing to measure, as in an empty database: any percentage would be wrong. */
export const isNothing = ({ done, of }: ByteCount) => done === 0 && of === 0;

const percent = (share: ByteCount) => `${Math.floor(computeRatio(share) * 100)} %`;
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);

function formatTime(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function lineOf({ doing, name, own, all, rate, secondsLeft, unit: kind }: CopyProgress): string {
  const [unit, amount] = kind === undefined ? ['MB', megabytes] : [kind, Math.round];
  if (isNothing(all)) return `${doing} ${name}`;
  // A rate of nothing says nothing of the time.
  const left = amount(rate) === 0 ? '' : `, ${formatTime(secondsLeft)} left`;
  return (
    `${doing} ${name}: ${percent(own)}; total ${amount(all.done)} of about ${amount(all.of)}` +
    ` ${unit}, ${amount(rate)} ${unit}/s${left}`
  );
}
