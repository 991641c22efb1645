// Tells a second signal from the echo of the first one.

// The time in milliseconds in which an echo arrives, also on a busy machine, and hardly a second Ctrl-C.
const late = 500;

/**
 * A terminal sends Ctrl-C to each program in it. npm passes it on to its program, which then gets it twice:
 * `npx pgmage`, `npm run`.
 * @param now milliseconds of a clock that nothing sets
 * @returns a function to call for each signal: true for an echo of the one before
 */
export function makeEchoFilter(now: () => number): () => boolean {
  let heard = Number.NEGATIVE_INFINITY;
  return () => {
    const time = now();
    if (time - heard < late) return true;
    heard = time;
    return false;
  };
}
