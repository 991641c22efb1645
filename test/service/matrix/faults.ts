// The faults of the matrix: what happens to whom, with which queue.
import type { QueueName } from './stage.ts';
import {
  freezeLines,
  killForLong,
  lineOfService,
  lineOfWorkers,
  long,
  middle,
  ofEnd,
  ofJob,
  ofPostgres,
  ofProgram,
  ofRedis,
  type Strike,
  service,
  worker,
} from './strikes.ts';

/** The parts that something happens to. `queue`: its PostgreSQL, or its Redis. */
export type Subject = 'service' | 'worker' | 'process' | 'queue' | 'source' | 'target';

/** One fault. */
export interface Fault extends Strike {
  readonly queue: QueueName;
  readonly subject: Subject;
  readonly name: string;
  /** With PostgreSQL: the program that has the job. */
  readonly place: 'service' | 'worker';
  /** Milliseconds until the job has to be over, where this is not soon after the fault. */
  readonly patience?: number;
}

type Of = Pick<Fault, 'queue' | 'subject' | 'place'>;
const listed = (of: Of, strikes: Readonly<Record<string, Strike>>): Fault[] =>
  Object.entries(strikes).map(([name, strike]) => ({ ...of, name, ...strike }));

const atService = (queue: QueueName, subject: Subject): Of => ({ queue, subject, place: 'service' });
const atWorker = (queue: QueueName, subject: Subject): Of => ({ queue, subject, place: 'worker' });

/** All faults. */
export const faults: readonly Fault[] = [
  ...listed(atService('embedded', 'service'), ofProgram(service, null, middle)),
  ...listed(atService('embedded', 'process'), ofJob),
  ...listed(atService('embedded', 'source'), ofEnd('source')),
  ...listed(atService('embedded', 'target'), ofEnd('target')),
  ...listed(atService('postgres', 'service'), ofProgram(service, lineOfService, long)),
  ...listed(atService('postgres', 'queue'), ofPostgres),
  ...listed(atWorker('postgres', 'worker'), ofProgram(worker, lineOfWorkers, long)),
  ...listed(atWorker('postgres', 'process'), { killed: ofJob.killed }),
  ...listed(atWorker('redis', 'service'), ofProgram(service, lineOfService, long)),
  ...listed(atWorker('redis', 'worker'), {
    ...ofProgram(worker, lineOfWorkers, long),
    'killed for long': killForLong(worker),
  }),
  ...listed(atWorker('redis', 'process'), ofJob),
  ...listed(atWorker('redis', 'queue'), ofRedis),
  ...listed(atWorker('redis', 'source'), ofEnd('source')),
  ...listed(atWorker('redis', 'target'), ofEnd('target')),
];

/** A network to the target that stays silent: the job goes on asking for longer than other faults last. */
export const silentTarget: Fault = {
  ...atService('embedded', 'target'),
  name: 'frozen for good',
  patience: 300_000,
  ...freezeLines(({ lines }) => [lines.target], 300_000),
};

/** One of them. */
export function findFault(queue: QueueName, subject: Subject, name: string): Fault {
  const found = faults.find((one) => one.queue === queue && one.subject === subject && one.name === name);
  if (found === undefined) throw new Error(`there is no fault ${queue} ${subject} ${name}`);
  return found;
}
