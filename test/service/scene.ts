// A service in a process of its own, in a project of its own, and a client of its API.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { JobEvent } from '../../lib/service/events.ts';
import { openKeyRing } from '../../lib/service/keys.ts';
import type { KeyScope, ServiceJob } from '../../lib/service/schemas.ts';
import { withTemplate } from '../project/cache.ts';
import { freePort } from '../servers/server.ts';

const program = join(import.meta.dirname, '../../bin/pgmage.cjs');

/** The options of a service. */
export interface ServiceOptions {
  /** URLs by the names of their environments. */
  readonly environments: Readonly<Record<string, string>>;
  /** The member `serve` of the configuration. */
  readonly serve?: object;
  readonly variables?: Readonly<Record<string, string>>;
  /** Other environments are protected only by their names. */
  readonly protects?: readonly string[];
}

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a JSON body; undefined: it is none. */
  readonly body: never;
}

/** How a request is made. */
export interface RequestOptions {
  readonly body?: unknown;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the answer; left out: any number. */
  readonly limit?: number;
}

/** The value of PGMAGE_API_KEY, which has all rights. */
export const adminKey = 'the-key-of-the-variable-that-no-one-may-see';

// They end with this process.
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

// A program of pgmage in a project of its own.
class RunningProgram {
  readonly root: string;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  /** What it printed. */
  output = '';

  constructor(root: string, options: ServiceOptions) {
    this.root = root;
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it. @throws Error with its output if it ends before it is ready */
  protected async launch(words: readonly string[], isReady: () => boolean | Promise<boolean>): Promise<void> {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: this.root,
      env: { ...process.env, NO_COLOR: '1', PGMAGE_API_KEY: adminKey, ...this.#options.variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    children.add(child);
    child.once('exit', () => children.delete(child));
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        this.output += piece;
      });
    for (let waited = 0; waited < 60_000; waited += 50) {
      if (await isReady()) return;
      if (child.exitCode !== null) break;
      await setTimeout(50);
    }
    throw new Error(`${words.join(' ')} did not start: ${this.output}`);
  }

  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends a signal and waits for the end. @returns the exit code, or the signal */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? child?.signalCode ?? null;
    const ended = new Promise<number | string | null>((resolve) =>
      child.once('exit', (code, killed) => resolve(code ?? killed)),
    );
    child.kill(signal);
    return ended;
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The processes of its jobs. */
  jobProcesses(): number[] {
    const { pid } = this;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }
}

/** A worker that runs, or did. */
export class RunningWorker extends RunningProgram {
  /** Starts it and waits until it says that it is ready. */
  start(): Promise<void> {
    const before = this.output.length;
    return this.launch(['serve:worker'], () => this.output.slice(before).includes('is ready'));
  }
}

/** A service that runs, or did. */
export class RunningService extends RunningProgram {
  readonly port: number;

  constructor(root: string, port: number, options: ServiceOptions) {
    super(root, options);
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it and waits until it answers. */
  start(): Promise<void> {
    return this.launch(['serve', '--port', String(this.port)], () =>
      fetch(`${this.url}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  }

  /** A key with these rights. */
  addKey(name: string, scopes: readonly KeyScope[], to: readonly string[] | null = null): Promise<string> {
    const folder = join(this.root, '.pgmage/service');
    const ring = openKeyRing(folder, null, () => new Date());
    return ring.add({ name, scopes, to, expiresAt: null });
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { body, key = adminKey, headers = {}, limit } = options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(key !== null && { Authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(limit !== undefined && { signal: AbortSignal.timeout(limit) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    const parsed = (isJson && !path.endsWith('/log') ? JSON.parse(text) : undefined) as never;
    return { status: response.status, headers: response.headers, text, body: parsed };
  }

  /** The body of an answer that has to be as it should. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.request(method, path, body === undefined ? {} : { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body as T;
  }

  /** A job as the API tells it. @param limit milliseconds until the answer */
  async job(id: string, limit = 10_000): Promise<ServiceJob> {
    const answer = await this.request('GET', `/api/jobs/${id}`, { limit });
    if (answer.status !== 200) throw new Error(`the job ${id}: ${answer.status} ${answer.text}`);
    return answer.body as ServiceJob;
  }

  /** Starts a job and gives its id. */
  async add(kind: string, body: object): Promise<string> {
    return (await this.ask<{ id: string }>('POST', `/api/sync/${kind}`, body)).id;
  }

  /** Waits until a job is as wanted; by default: over. */
  async until(
    id: string,
    isWanted: (job: ServiceJob) => boolean = ({ state }) => /^(done|failed|cancelled)$/.test(state),
    patience = 60_000,
  ): Promise<ServiceJob> {
    let job: ServiceJob | undefined;
    for (const start = Date.now(); Date.now() - start < patience; await setTimeout(50)) {
      job = await this.job(id).catch(() => undefined);
      if (job !== undefined && isWanted(job)) return job;
    }
    throw new Error(`the job ${id} is still ${JSON.stringify(job)}\n${this.output.slice(-3000)}`);
  }

  /** Starts a job, waits for its end, and gives it. */
  async run(kind: string, body: object): Promise<ServiceJob> {
    return this.until(await this.add(kind, body));
  }

  /** Reads an event stream until it ends, or so many events have come. */
  async events(
    path: string,
    after: number | null,
    most = Number.POSITIVE_INFINITY,
  ): Promise<StreamedEvent[]> {
    const response = await fetch(`${this.url}${path}`, {
      headers: {
        Authorization: `Bearer ${adminKey}`,
        ...(after !== null && { 'Last-Event-ID': String(after) }),
      },
    });
    const events: StreamedEvent[] = [];
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(piece, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, type] = /^event: (.*)$/m.exec(block) ?? [];
        const [, id] = /^id: (.*)$/m.exec(block) ?? [];
        const [, data = '{}'] = /^data: (.*)$/m.exec(block) ?? [];
        if (type !== undefined) events.push({ id: Number(id), type, data: JSON.parse(data) });
        // Leaving the loop ends the request.
        if (events.length >= most) return events;
      }
    }
    return events;
  }
}

/** An event as a stream has it. */
export interface StreamedEvent {
  readonly id: number;
  readonly type: JobEvent['type'] | 'gap' | string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Starts a service in a project of its own. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const service = new RunningService(await makeRoot(options), await freePort(), options);
  await service.start();
  return service;
}

/** Starts a worker in a project of its own, as on another machine. */
export async function startWorker(options: ServiceOptions): Promise<RunningWorker> {
  const worker = new RunningWorker(await makeRoot(options), options);
  await worker.start();
  return worker;
}

async function makeRoot(options: ServiceOptions): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-service-'));
  await withTemplate(join(root, '.pgmage/cache'));
  const environments = Object.fromEntries(
    Object.entries(options.environments).map(([name, url]) => [
      name,
      { url, ...(options.protects?.includes(name) && { protected: true }) },
    ]),
  );
  const config = { environments, serve: options.serve ?? {} };
  writeFileSync(join(root, 'pgmage.config.mjs'), `export default ${JSON.stringify(config)};\n`);
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'schema.sql'), 'create table users (id integer primary key, name text);\n');
  return root;
}
