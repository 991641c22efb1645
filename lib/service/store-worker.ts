// The thread of the embedded database. Its work, its start and its flushes to the disk hold up no request.
import { parentPort, workerData } from 'node:worker_threads';
import type { Connection } from '../pg/connection.ts';
import type { Code, Problems } from '../problem/codes.ts';
import { toProblem } from '../problem/problem.ts';
import { openHeld } from '../shadow/embedded.ts';

/** The place of the database. The service holds its lock. */
export interface StoreWorkerData {
  readonly directory: string;
  readonly cacheDir: string;
}

/** A call of a method of the connection. */
export interface StoreCall {
  readonly call: number;
  readonly verb: 'rows' | 'batch' | 'execute' | 'close';
  readonly sql: string | readonly string[];
  readonly parameters?: readonly unknown[];
}

/** The words of the thread. */
export type StoreAnswer =
  | { readonly is: 'line'; readonly text: string }
  | { readonly is: 'open'; readonly major: number }
  | { readonly is: 'refused'; readonly problem: SentProblem }
  | { readonly is: 'done'; readonly call: number; readonly value: unknown }
  | { readonly is: 'failed'; readonly call: number; readonly problem: SentProblem };

/** A Problem as it passes between threads. */
export interface SentProblem {
  readonly code: Code;
  readonly data: Problems[Code];
}

const tell = (answer: StoreAnswer) => parentPort?.postMessage(answer);

function describe(thrown: unknown): SentProblem {
  const { code, data } = toProblem(thrown);
  return { code, data };
}

function perform(connection: Connection, { verb, sql, parameters }: StoreCall): Promise<unknown> {
  if (verb === 'rows') return connection.rows(sql as string, parameters);
  if (verb === 'batch') return connection.batch(sql as readonly string[]);
  return verb === 'execute' ? connection.execute(sql as string) : connection.close();
}

const { directory, cacheDir } = workerData as StoreWorkerData;
const progress = (text: string) => tell({ is: 'line', text });
openHeld(directory, { cacheDir, progress, durable: true }).then(
  (connection) => {
    parentPort?.on('message', (given: StoreCall) => {
      const { call } = given;
      void perform(connection, given).then(
        (value) => tell({ is: 'done', call, value }),
        (thrown) => tell({ is: 'failed', call, problem: describe(thrown) }),
      );
    });
    tell({ is: 'open', major: connection.major });
  },
  (thrown) => tell({ is: 'refused', problem: describe(thrown) }),
);
