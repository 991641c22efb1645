// pgmage's own tasks that run the service, and keep its API keys.
import type { TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // The name of these values in --help.
type Url = string;
type Folder = string;
type Address = string;

/**
 * Runs the service: an HTTP API and a page that start exports, imports, clones and data syncs as jobs.
 *
 * It listens on 127.0.0.1 and keeps its jobs in the data folder. It runs until Ctrl-C or SIGTERM.
 */
export default async function serve(
  context: TaskContext,
  options: {
    /** The port. Default: PGMAGE_PORT, else 8170. */
    port?: number;
    /**
     * The address to listen on; others than loopback need an API key. Default: PGMAGE_HOST, else 127.0.0.1.
     */
    host?: Address;
    /**
     * A shared queue for several machines: a postgres:// or redis:// URL. Default: PGMAGE_QUEUE_URL, else
     * embedded.
     */
    queue?: Url;
    /** The folder of jobs and keys. Default: .pgmage/service. */
    data?: Folder;
    /** End when no job waits or runs. */
    once?: boolean;
  } = {},
): Promise<Outcome> {
  const { serve } = await import('../lib/service/serve.ts');
  const facts = await serve(context, context, options);
  return { facts, text: () => `The service on ${facts.address} has stopped.` };
}

/**
 * Takes jobs of a shared queue, beside pgmage serve on another machine.
 *
 * It listens on no port. It has the configuration of the service and the same folder of backups. It runs
 * until Ctrl-C or SIGTERM.
 */
export async function worker(
  context: TaskContext,
  options: {
    /** The queue of the service: a postgres:// or redis:// URL. Default: PGMAGE_QUEUE_URL. */
    queue?: Url;
  } = {},
): Promise<Outcome> {
  const { serveWorker } = await import('../lib/service/serve-worker.ts');
  const facts = await serveWorker(context, context, options);
  return { facts, text: () => 'The worker has stopped.' };
}

/**
 * Adds, lists or revokes API keys of the service.
 *
 * A new key is shown once. pgmage stores its hash. A running service sees changes at once.
 * @param what add, list or revoke; default: list
 * @param name the name of the key
 */
export async function key(
  context: TaskContext,
  what: 'add' | 'list' | 'revoke' = 'list',
  name?: string,
  options: {
    /** Its rights, with commas: read, run, write, download, admin. Default: read. */
    scope?: Name[];
    /** The environments that it may write to. Default: all. */
    to?: Name[];
    /** The number of days after which it expires. Default: never. */
    days?: number;
    /** The folder of jobs and keys. Default: .pgmage/service. */
    data?: Folder;
  } = {},
): Promise<Outcome> {
  const { manageKeys, keysText } = await import('../lib/service/key-task.ts');
  const facts = await manageKeys(context, { ...options, what, ...(name !== undefined && { name }) });
  return { facts, text: () => keysText(facts) };
}

/**
 * Prints a systemd unit for the service.
 *
 * Write it to /etc/systemd/system/pgmage.service, then run systemctl daemon-reload and systemctl enable --now
 * pgmage. Secrets belong in /etc/pgmage.env.
 */
export async function unit(
  context: TaskContext,
  options: {
    /** The system user that the service runs as. Default: pgmage. */
    user?: Name;
    /** Megabytes of memory that the service and its jobs may take. Default: 2048. */
    memory?: number;
  } = {},
): Promise<Outcome> {
  const { describeUnit } = await import('../lib/service/unit.ts');
  const facts = { unit: describeUnit(context.root, options) };
  return { facts, text: () => facts.unit };
}
