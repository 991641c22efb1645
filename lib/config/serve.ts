// The part of the configuration that is about the service: `pgmage serve`.

/** The settings of the service. Variables of the process come first, options of the task before these. */
export interface ServeConfig {
  /** The port; PGMAGE_PORT. Default 8170. */
  readonly port?: number;
  /** The address to listen on; PGMAGE_HOST. Default 127.0.0.1. */
  readonly host?: string;
  /** Names under which the service is reached, besides loopback: `db.example.com`. */
  readonly hosts?: readonly string[];
  /** The queue's database, a postgres:// URL; PGMAGE_QUEUE_URL. Default: embedded, in the data folder. */
  readonly queue?: string;
  /** The folder of the queue and the keys. Default `.pgmage/service`. */
  readonly data?: string;
  /** The folder of backups; DUMP_DIRECTORY. Default `backups`. */
  readonly backups?: string;
  /** How many jobs run at once; PGMAGE_CONCURRENCY. Default 2. */
  readonly concurrency?: number;
  /** How many jobs may wait. Default 100. */
  readonly waiting?: number;
  /** Megabytes of JavaScript memory of each job; PGMAGE_JOB_MEMORY. Default: as Node decides. */
  readonly jobMemory?: number;
  /** Jobs that replace data: `import`, `clone`, `data`; PGMAGE_FEATURES. Default: all. */
  readonly features?: readonly string[];
  /** Protected environments that may be targets. Default: none. */
  readonly allowTargets?: readonly string[];
}
