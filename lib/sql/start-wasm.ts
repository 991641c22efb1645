// How WebAssembly is started: Node waits for it, and V8 optimizes only functions that run for long.
import { versions } from 'node:process';
import { setFlagsFromString } from 'node:v8';

// Bytes of code, about, that a function runs through before V8 compiles it a second time, with optimization.
// With V8's own budget that is half the CPU time of a command with a small schema, which ends before it is
// paid back. With this one, a schema of a thousand tables is not slower (`npm run bench -- --part loop` and
// `-- ../shared/corpus --part loop-gitlab`).
const patient = 150_000_000;
// V8's own, to be put back: V8 takes cached code only under the flags with which it was compiled. Source:
// `node --v8-options` of Node 20, and of 22, 24 and 26.
const usual = Number.parseInt(versions.v8, 10) < 12 ? 1_800_000 : 13_000_000;

let starting = 0;

/**
 * Runs work that starts a WebAssembly module. Without other work, Node would wait up to a third of a second
 * for threads that only optimize running code.
 * @param work compiles and starts it: the budget of its functions is the one at that moment
 */
export async function startWasm<T>(work: () => Promise<T>): Promise<T> {
  const waiting = setInterval(() => undefined, 2 ** 30);
  if (++starting === 1) setBudget(patient);
  try {
    return await work();
  } finally {
    clearInterval(waiting);
    if (--starting === 0) setBudget(usual);
  }
}

const setBudget = (budget: number) => setFlagsFromString(`--wasm-tiering-budget=${budget}`);
