// The embedded database of the service, as a session of a thread of its own.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { openEmbedded } from '../shadow/embedded.ts';
import { lockDirectory } from '../shadow/lock.ts';
import type { SentProblem, StoreAnswer, StoreCall, StoreWorkerData } from './store-worker.ts';

/** The options of the thread. */
export interface StoreThreadOptions extends StoreWorkerData {
  progress(message: string): void;
  /** The problem to throw when another process uses the database. */
  refusal(): Problem;
}

// Built, both are in `dist`.
const file = fileURLToPath(new URL('./store-worker.js', import.meta.url));

/**
 * Opens the database in a thread; from the sources, which a thread of Node.js cannot read, in this one.
 * @throws Problem of `refusal`; `embedded_damaged`
 */
export async function openStoreThread(options: StoreThreadOptions): Promise<Connection> {
  if (!existsSync(file)) return openEmbedded(options.directory, { ...options, durable: true });
  const held = await lockDirectory(options.directory, () => options.refusal());
  const thread = new StoreThread(options);
  try {
    const major = await thread.opened;
    return {
      description: 'the embedded database',
      major,
      rows: <Row>(sql: string, parameters: readonly unknown[] = []) =>
        thread.call<Row[]>({ verb: 'rows', sql, parameters }),
      batch: (sql) => thread.call<unknown[][]>({ verb: 'batch', sql }),
      async stream(sql, take) {
        const results = await thread.call<object[][]>({ verb: 'batch', sql });
        for (const [index, [row]] of results.entries()) take(Object.values(row ?? {})[0], index);
      },
      execute: (sql) => thread.call<void>({ verb: 'execute', sql }),
      close: () => thread.close().finally(() => held.release()),
    };
  } catch (thrown) {
    await thread.close();
    await held.release();
    throw thrown;
  }
}

interface Waiter {
  resolve(value: never): void;
  reject(problem: Problem): void;
}

class StoreThread {
  /** The major version of the database. */
  readonly opened: Promise<number>;
  readonly #worker: Worker;
  readonly #waiters = new Map<number, Waiter>();
  readonly #ended: Promise<void>;
  // Null while it runs.
  #end: Problem | null = null;
  #calls = 0;

  constructor({ directory, cacheDir, progress }: StoreThreadOptions) {
    this.#worker = new Worker(file, { workerData: { directory, cacheDir } satisfies StoreWorkerData });
    this.opened = new Promise((resolve, reject) => this.#waiters.set(0, { resolve, reject }));
    this.#worker.on('message', (answer: StoreAnswer) => {
      if (answer.is === 'line') progress(answer.text);
      else if (answer.is === 'open') this.#settle(0, answer.major);
      else if (answer.is === 'refused') this.#fail(0, revive(answer.problem));
      else if (answer.is === 'done') this.#settle(answer.call, answer.value);
      else this.#fail(answer.call, revive(answer.problem));
    });
    // WebAssembly may end in an error that its caller cannot catch.
    this.#worker.on('error', (error) => this.#stop(error.message));
    this.#ended = new Promise((resolve) =>
      this.#worker.once('exit', (code) => {
        this.#stop(`its thread ended with code ${code}`);
        resolve();
      }),
    );
  }

  call<T>(given: Omit<StoreCall, 'call'>): Promise<T> {
    if (this.#end !== null) return Promise.reject(this.#end);
    this.#calls += 1;
    const call = this.#calls;
    return new Promise<T>((resolve, reject) => {
      this.#waiters.set(call, { resolve, reject });
      this.#worker.postMessage({ ...given, call } satisfies StoreCall);
    });
  }

  /** Closes the database, and ends the thread however that went. */
  async close(): Promise<void> {
    if (this.#end === null && !this.#waiters.has(0))
      await this.call({ verb: 'close', sql: '' }).catch(() => null);
    await this.#worker.terminate();
    await this.#ended;
  }

  #settle(call: number, value: unknown): void {
    this.#waiters.get(call)?.resolve(value as never);
    this.#waiters.delete(call);
  }

  #fail(call: number, problem: Problem): void {
    this.#waiters.get(call)?.reject(problem);
    this.#waiters.delete(call);
  }

  #stop(reason: string): void {
    this.#end ??= new Problem('shadow_failed', { reason });
    for (const call of this.#waiters.keys()) this.#fail(call, this.#end);
  }
}

const revive = ({ code, data }: SentProblem) => new Problem(code, data);
