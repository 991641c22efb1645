// How far a copy is: what passes, how much, how fast and how long still.

/** How far a work is, in bytes. What is to come is what the server says of tables on its disk, so that it is about right. */
export interface CopyProgress {
  /** What is done, e.g. `Copying`. */
  readonly doing: string;
  /** The table in hand. */
  readonly name: string;
  readonly own: ByteCount;
  readonly all: ByteCount;
  /** Bytes in a second, so far. */
  readonly rate: number;
  readonly secondsLeft: number;
}

/** So many bytes of so many. */
export interface ByteCount {
  readonly done: number;
  readonly of: number;
}

/** Where progress is told, and by which clock. */
export interface ProgressSink {
  now(): Date;
  /** Writes a line. */
  progress(message: string): void;
  /** Shows how far it is in the place of what was shown before; left out where there is no terminal. */
  pace?(pace: CopyProgress): void;
}

// As often as somebody can read it: of what moves, and of lines that stay.
const [frame, interval] = [100, 2000];

/** Counts bytes as they pass, and tells how far it is. */
export function progressOf(
  teller: ProgressSink,
  tables: readonly { readonly name: string; readonly bytes: number }[],
  doing = 'Copying',
) {
  const sizes = new Map(tables.map(({ name, bytes }) => [name, bytes]));
  const passed = new Map<string, number>();
  const of = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const start = teller.now().getTime();
  let done = 0;
  let last = start;
  return {
    bytes: () => done,
    told: ({ name }: { readonly name: string }, more: number) => {
      done += more;
      const own = { done: (passed.get(name) ?? 0) + more, of: sizes.get(name) ?? 0 };
      passed.set(name, own.done);
      const now = teller.now().getTime();
      if (now - last < (teller.pace === undefined ? interval : frame)) return;
      last = now;
      const rate = done / ((now - start) / 1000);
      const secondsLeft = rate === 0 ? 0 : Math.ceil(Math.max(0, of - done) / rate);
      const pace: CopyProgress = { doing, name, own, all: { done, of }, rate, secondsLeft };
      if (teller.pace === undefined) teller.progress(lineOf(pace));
      else teller.pace(pace);
    },
  };
}

/** How much of it is done, from 0 to 1: what was taken for its size may be too little. */
export const ratioOf = ({ done, of }: ByteCount) => (of === 0 ? 1 : Math.min(1, done / of));

const percent = (share: ByteCount) => `${Math.floor(ratioOf(share) * 100)} %`;
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);

function lineOf({ doing, name, own, all, rate, secondsLeft }: CopyProgress): string {
  return `${doing} ${name}: ${percent(own)}; total ${megabytes(all.done)} of about ${megabytes(all.of)} MB, ${megabytes(rate)} MB/s, ${secondsLeft} s left`;
}
