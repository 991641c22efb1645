// The log of the service: one line of JSON for each event on standard output, without secrets.
import { pino } from 'pino';
import { makeLegible } from '../problem/legible.ts';
import { redact } from '../problem/redact.ts';

/** The log. */
export interface ServiceLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Opens the log. Each line passes `redact`, whatever it quotes. */
export function openLog(level: string): ServiceLog {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void process.stdout.write(`${makeLegible(redact(line.trimEnd()))}\n`) },
  );
}
