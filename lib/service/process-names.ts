// The names of services and workers in the events of jobs, and the lines that tell of a take-over.
import { hostname } from 'node:os';
import { makeLegible } from '../problem/legible.ts';
import { redact } from '../problem/redact.ts';

// Characters of a name that another process has sent.
const longest = 120;

/** The name of this process: what it is, its host and its number. */
export const nameProcess = (is: 'service' | 'worker'): string =>
  `${is} on ${hostname()} (process ${process.pid})`;

/** The name of another process, as it can be shown. */
export const readName = (given: unknown): string => makeLegible(redact(String(given))).slice(0, longest);

/** The line for a job whose process is gone. @param now the process that found it */
export const describeLoss = (before: string, now: string): string =>
  `Lost: the ${before} ran this job and does not answer any more. The ${now} goes on with it.`;

/** The line for a lost job that starts again. */
export const describeTakeOver = (before: string, now: string): string =>
  `Take-over: the ${now} runs this job now, after the ${before}.`;

/** The line for a job that went on at its worker while its service started again. */
export const describeAdoption = (before: string, now: string, worker: string): string =>
  `Take-over: the ${now} follows this job now, after the ${before}. The ${worker} still runs it.`;

/** The line for a job that a worker took and did not begin. */
export const describeReturn = (runner: string): string =>
  `The ${runner} gave the job back before it began. The job waits again.`;
