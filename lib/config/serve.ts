// The part of the configuration that is about the service: `pgmage serve`.

/** The settings of the service. Variables of the process come first, options of the task before these. */
export interface ServeConfig {
  /** The port; PGMAGE_PORT. Default 8170. */
  readonly port?: number;
  /** The address to listen on; PGMAGE_HOST. Default 127.0.0.1. */
  readonly host?: string;
  /** Names under which the service is reached, besides loopback: `db.example.com`. */
  readonly hosts?: readonly string[];
  /** The URL of a shared queue, postgres:// or redis://; PGMAGE_QUEUE_URL. Default: in the data folder. */
  readonly queue?: string;
  /**
   * The key of the service whose jobs a worker takes from Redis; PGMAGE_SERVICE_SEAL. `pgmage serve` logs its
   * key at its start. Default: the worker trusts the first service that it hears, and no other one later.
   */
  readonly seal?: string;
  /** The folder of the queue and the keys. Default `.pgmage/service`. */
  readonly data?: string;
  /** The folder of backups; DUMP_DIRECTORY. Default `backups`. */
  readonly backups?: string;
  /**
   * The bytes that the folder of backups may take: `20GB`; PGMAGE_MAX_STORAGE. An export that would take more
   * deletes old backups by the retention rules first, and fails if that is not enough. Default: no limit.
   */
  readonly maxStorage?: string;
  /** How many jobs run at once; PGMAGE_CONCURRENCY. Default 2. With Redis, 0 leaves all to workers. */
  readonly concurrency?: number;
  /** How many jobs may wait. Default 100. */
  readonly waiting?: number;
  /** Megabytes of JavaScript memory of each job; PGMAGE_JOB_MEMORY. Default: as Node decides. */
  readonly jobMemory?: number;
  /** Jobs that replace data: `import`, `clone`, `data`; PGMAGE_FEATURES. Default: all. */
  readonly features?: readonly string[];
  /** Protected environments that may be targets. Default: none. */
  readonly allowTargets?: readonly string[];
  /** Jobs that the service starts by the clock, by their names. */
  readonly schedules?: Readonly<Record<string, ScheduleConfig>>;
  /** The addresses that the service tells of failures. */
  readonly notify?: NotifyConfig;
}

/** A job that starts by the clock. Its other members are those of the request that would start it. */
export interface ScheduleConfig {
  readonly task: 'export' | 'verify' | 'drift' | 'prune' | 'data' | 'clone';
  /** `hourly`, `daily`, `weekly`, or five fields of cron: `30 2 * * *`. */
  readonly every: string;
  /** The time zone of `every`. Default UTC. */
  readonly timeZone?: string;
  /** Hours after the newest success until it is overdue. Default: 1.5 times its interval. */
  readonly maxAgeHours?: number;
  /** True: a job that changes data is repeated when its process was lost. */
  readonly retryLost?: boolean;
  /** An address that is called after each success, and with `/fail` after each failure. */
  readonly ping?: string;
  readonly [parameter: string]: unknown;
}

/** The addresses of notifications. */
export interface NotifyConfig {
  /** An address that takes JSON by POST. */
  readonly webhook?: string;
  /** E-mail by SMTP: `smtps://user:password@mail.example.com`. */
  readonly email?: { readonly smtp: string; readonly from: string; readonly to: string };
}
