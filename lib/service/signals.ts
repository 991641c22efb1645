// The signals that stop a service or a worker.
import { makeEchoFilter } from '../programs/echoes.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** The wish of a signal. */
export interface Stopping {
  /** Settles with the first signal. */
  readonly asked: Promise<void>;
  /** Puts back what listened before. */
  release(): void;
}

/** The first signal stops the process in order; the second ends it, and with it its jobs. */
export function catchSignals(): Stopping {
  const before = signals.map((signal) => [signal, process.listeners(signal)] as const);
  for (const signal of signals) process.removeAllListeners(signal);
  const isEcho = makeEchoFilter(() => performance.now());
  const asked = new Promise<void>((resolve) => {
    let isAsked = false;
    const hear = (signal: NodeJS.Signals) => {
      if (isEcho()) return;
      if (isAsked) {
        for (const other of signals) process.removeAllListeners(other);
        process.kill(process.pid, signal);
      }
      isAsked = true;
      resolve();
    };
    for (const signal of signals) process.on(signal, hear);
  });
  return {
    asked,
    release() {
      for (const [signal, listeners] of before) {
        process.removeAllListeners(signal);
        for (const listener of listeners) process.on(signal, listener as NodeJS.SignalsListener);
      }
    },
  };
}
