// How far a copy is, told now and then.
import type { Filled } from './tables.ts';

// As often as somebody can read it.
const interval = 2000;

/** Where progress is told, and by which clock. */
export interface Teller {
  now(): Date;
  progress(message: string): void;
}

/** Counts bytes as they pass, and tells what passes, how much, how fast and how long still. */
export function progressOf(context: Teller, tables: readonly Filled[]) {
  const all = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const start = context.now().getTime();
  let bytes = 0;
  let last = start;
  return {
    bytes: () => bytes,
    told: ({ name }: Filled, more: number) => {
      bytes += more;
      const now = context.now().getTime();
      if (now - last < interval) return;
      last = now;
      const rate = bytes / ((now - start) / 1000);
      const rest = Math.max(0, all - bytes) / rate;
      context.progress(
        `Copying ${name}: ${megabytes(bytes)} of about ${megabytes(all)} MB, ${megabytes(rate)} MB/s, ${Math.ceil(rest)} s left`,
      );
    },
  };
}

const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
