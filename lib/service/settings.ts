// The settings of the service: options of the task first, then variables, then the configuration.
import { join, resolve } from 'node:path';
import type { NotifyConfig } from '../config/serve.ts';
import { Problem } from '../problem/problem.ts';
import { rememberSecret } from '../problem/redact.ts';
import type { Project } from '../project/project.ts';

/** The options of `pgmage serve`. */
export interface ServeInput {
  readonly port?: number;
  readonly host?: string;
  readonly queue?: string;
  readonly data?: string;
  /** End when no job waits or runs. */
  readonly once?: boolean;
}

/** A job that replaces data, which can be switched off. */
export type Feature = 'import' | 'clone' | 'data';

/** The settings that are in force. */
export interface ServiceSettings {
  readonly port: number;
  readonly host: string;
  /** Names under which it is reached, in lower case. */
  readonly hosts: readonly string[];
  /** The place where jobs wait. */
  readonly queue: 'embedded' | 'postgres' | 'redis';
  /** The URL of a shared queue; null: embedded. */
  readonly queueUrl: string | null;
  /** The data folder. */
  readonly folder: string;
  /** The folder of backups as it was given; null: as usual. */
  readonly backups: string | null;
  /** Bytes that the folder of backups may take; null: no limit. */
  readonly maxStorage: number | null;
  readonly concurrency: number;
  readonly waiting: number;
  readonly jobMemory: number | null;
  readonly features: readonly Feature[];
  readonly allowTargets: readonly string[];
  /** The key of PGMAGE_API_KEY; null: there is none. */
  readonly apiKey: string | null;
  /** The key by which a worker knows its service; null: it trusts the first one. */
  readonly seal: string | null;
  readonly logLevel: string;
  readonly notify: NotifyConfig;
}

/** Variables of the process. */
export type ServeVariables = Readonly<Record<string, string | undefined>>;

/** Milliseconds that jobs get to end by themselves when the service stops. */
export const stopPatience = 25_000;

const features: readonly Feature[] = ['import', 'clone', 'data'];
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Reads the settings. @throws Problem `bad_option` */
export function readSettings(
  project: Project,
  variables: ServeVariables,
  input: ServeInput = {},
): ServiceSettings {
  const config = project.serve ?? {};
  const whole = wholeNumber(variables);
  const queueUrl = input.queue ?? variables.PGMAGE_QUEUE_URL ?? config.queue ?? null;
  const queue = readQueue(queueUrl);
  const logLevel = variables.LOG_LEVEL ?? 'info';
  if (!levels.includes(logLevel))
    throw new Problem('bad_option', { option: 'LOG_LEVEL', reason: `it is one of ${levels.join(', ')}` });
  return {
    port: input.port ?? whole('PGMAGE_PORT') ?? config.port ?? 8170,
    host: input.host ?? variables.PGMAGE_HOST ?? config.host ?? '127.0.0.1',
    hosts: ['localhost', '127.0.0.1', '[::1]', ...(config.hosts ?? [])].map((one) => one.toLowerCase()),
    queue,
    queueUrl,
    folder: dataFolder(project, input),
    backups: variables.DUMP_DIRECTORY ?? config.backups ?? null,
    maxStorage: readSize('PGMAGE_MAX_STORAGE', variables.PGMAGE_MAX_STORAGE || config.maxStorage),
    // With Redis, a service may leave all jobs to workers.
    concurrency: Math.max(queue === 'redis' ? 0 : 1, whole('PGMAGE_CONCURRENCY') ?? config.concurrency ?? 2),
    waiting: config.waiting ?? 100,
    jobMemory: whole('PGMAGE_JOB_MEMORY') ?? config.jobMemory ?? null,
    features: readFeatures(variables.PGMAGE_FEATURES?.split(',').map((one) => one.trim()) ?? config.features),
    allowTargets: config.allowTargets ?? [],
    apiKey: variables.PGMAGE_API_KEY || null,
    seal: variables.PGMAGE_SERVICE_SEAL || config.seal || null,
    logLevel,
    notify: readNotify(config.notify),
  };
}

/** The folder of the queue and the keys. */
export function dataFolder({ root, serve }: Project, { data }: Pick<ServeInput, 'data'>): string {
  return resolve(root, data ?? serve?.data ?? join('.pgmage', 'service'));
}

function readQueue(url: string | null): ServiceSettings['queue'] {
  if (url === null) return 'embedded';
  rememberSecret(url);
  if (/^postgres(ql)?:\/\//i.test(url)) return 'postgres';
  if (/^rediss?:\/\//i.test(url)) return 'redis';
  throw new Problem('bad_option', { option: '--queue', reason: 'it must be a postgres:// or redis:// URL' });
}

const powers = ['', 'k', 'm', 'g', 't'];

// As PostgreSQL reads sizes: one kB has 1024 bytes.
function readSize(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, digits, power = ''] = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([kmgt]?)b?\s*$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(digits) * 1024 ** powers.indexOf(power.toLowerCase()));
  if (bytes > 0) return bytes;
  throw new Problem('bad_option', { option, reason: `${text} is not a size such as 20GB` });
}

function readNotify(notify: NotifyConfig = {}): NotifyConfig {
  if (notify.email !== undefined) rememberSecret(notify.email.smtp);
  if (notify.webhook !== undefined && !/^https?:\/\//i.test(notify.webhook))
    throw new Problem('bad_option', { option: 'serve.notify.webhook', reason: 'it must be an https:// URL' });
  return notify;
}

function readFeatures(given: readonly string[] | undefined): Feature[] {
  const unknown = given?.find((one) => one !== '' && !features.includes(one as Feature));
  if (unknown !== undefined)
    throw new Problem('bad_option', {
      option: 'PGMAGE_FEATURES',
      reason: `${unknown} is not import, clone or data`,
    });
  return features.filter((one) => given === undefined || given.includes(one));
}

function wholeNumber(variables: ServeVariables): (name: string) => number | undefined {
  return (name) => {
    const text = variables[name];
    if (text === undefined || text === '') return undefined;
    if (!/^\d{1,7}$/.test(text))
      throw new Problem('bad_option', { option: name, reason: `${text} is not a whole number` });
    return Number(text);
  };
}
