// The log of the service on standard output, without secrets: JSON for programs, lines for a terminal.
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
export function openLog(level: string, isTerminal = process.stdout.isTTY === true): ServiceLog {
  const shape = isTerminal ? describeLine : (line: string) => line;
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void process.stdout.write(`${makeLegible(redact(shape(line.trimEnd())))}\n`) },
  );
}

const words: Readonly<Record<number, string>> = { 40: 'WARNING: ', 50: 'ERROR: ', 60: 'ERROR: ' };

/** A line of the log for people: the time, the message, and its facts. */
export function describeLine(line: string): string {
  const { level, time, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const shown = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${String(time).slice(11, 19)} ${words[Number(level)] ?? ''}${msg}${shown.join('')}`;
}
