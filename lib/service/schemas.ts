// The shapes of the answers and events of the HTTP API, and with them those of its requests.
import Type, { type Static } from 'typebox';
import {
  count,
  JobKindSchema,
  JobStateSchema,
  nullable,
  ProblemSchema,
  ScopeSchema,
  time,
} from './schema-parts.ts';

export * from './database-schemas.ts';
export * from './document-schemas.ts';
export * from './request-schemas.ts';
export * from './schedule-schemas.ts';
export {
  type JobKind,
  JobKindSchema,
  type JobState,
  JobStateSchema,
  type KeyScope,
  ScopeSchema,
} from './schema-parts.ts';

/** The answer to a request that failed. */
export const FailureSchema = Type.Object({ problem: ProblemSchema });
/** See {@link FailureSchema}. */
export type Failure = Static<typeof FailureSchema>;

/** A database in a plan or a job. */
export const EndSchema = Type.Object({
  name: Type.String(),
  address: Type.String({ description: 'Its URL without password and parameters' }),
  protected: Type.Boolean(),
});

/** The answer of POST /api/plans. */
export const PlanSchema = Type.Object({
  planId: Type.String(),
  expiresAt: time(),
  kind: JobKindSchema,
  source: nullable(EndSchema),
  file: nullable(Type.String()),
  target: EndSchema,
  checks: Type.Array(
    Type.Object({
      text: Type.String(),
      outcome: Type.Enum(['ok', 'warning', 'failed', 'unknown']),
    }),
  ),
  losses: Type.Array(Type.Object({ table: Type.String(), rows: count() }), {
    description: 'Rows of the target that are replaced, changed or deleted',
  }),
  changes: Type.Array(
    Type.Object({ table: Type.String(), inserts: count(), updates: count(), deletes: count() }),
    { description: 'Of a data sync' },
  ),
  complete: nullable(
    Type.Boolean({
      description: 'Of a data sync: true if all rows are compared; false: of some tables the changed ones',
    }),
  ),
  bytes: nullable(count()),
  estimateSeconds: nullable(count()),
  backupFirst: Type.Boolean({ description: 'True if the target is backed up first' }),
  confirm: nullable(
    Type.String({ description: 'The name that has to be typed, where the target is protected' }),
  ),
});
/** See {@link PlanSchema}. */
export type Plan = Static<typeof PlanSchema>;

const ByteCountSchema = Type.Object({ done: count(), of: count() });

/** How far a job is. */
export const ProgressSchema = Type.Object({
  doing: Type.String({ description: 'Copying, Comparing …' }),
  table: Type.String(),
  unit: Type.Enum(['bytes', 'rows']),
  own: ByteCountSchema,
  all: ByteCountSchema,
  rate: Type.Number({ description: 'Units in a second' }),
  secondsLeft: Type.Number(),
});
/** See {@link ProgressSchema}. */
export type JobProgress = Static<typeof ProgressSchema>;

/** One job. */
export const JobSchema = Type.Object({
  id: Type.String(),
  kind: JobKindSchema,
  state: JobStateSchema,
  parameters: Type.Record(Type.String(), Type.Unknown(), { description: 'The body of its request' }),
  from: nullable(Type.String({ description: 'The environment that is read' })),
  to: nullable(Type.String({ description: 'The environment that is written to' })),
  tries: count('How often it was started'),
  progress: nullable(ProgressSchema),
  doing: nullable(Type.String({ description: 'The last line of its log' })),
  result: nullable(Type.Unknown()),
  problem: nullable(ProblemSchema),
  target: nullable(
    Type.Enum(['unchanged', 'changed', 'unknown'], { description: 'Of the target, when it is over' }),
  ),
  cancelTooLate: Type.Boolean({ description: 'True if COMMIT came before the cancel' }),
  requestedBy: Type.String({ description: 'The name of the key, or the schedule' }),
  retryOf: nullable(Type.String()),
  createdAt: time(),
  startAfter: nullable(time()),
  startedAt: nullable(time()),
  endedAt: nullable(time()),
});
/** See {@link JobSchema}. */
export type ServiceJob = Static<typeof JobSchema>;

/** The answer to a request that adds a job. */
export const AcceptedSchema = Type.Object({
  id: Type.String(),
  state: JobStateSchema,
  links: Type.Object({ job: Type.String(), events: Type.String(), log: Type.String() }),
});
/** See {@link AcceptedSchema}. */
export type Accepted = Static<typeof AcceptedSchema>;

/** GET /api/jobs: the answer, newest first. */
export const JobsSchema = Type.Object({
  jobs: Type.Array(JobSchema),
  next: nullable(Type.String({ description: 'Give it as `before` for the next page' })),
});
/** See {@link JobsSchema}. */
export type Jobs = Static<typeof JobsSchema>;

/** The `data` of an event `state`. */
export const StateEventSchema = Type.Object({
  job: Type.String(),
  at: time(),
  state: JobStateSchema,
  runner: Type.Optional(Type.String({ description: 'Of running: the process that runs it' })),
  result: Type.Optional(Type.Unknown()),
  problem: Type.Optional(ProblemSchema),
});
/** See {@link StateEventSchema}. */
export type StateEvent = Static<typeof StateEventSchema>;

/** The `data` of an event `progress`. */
export const ProgressEventSchema = Type.Object({
  job: Type.String(),
  at: time(),
  ...ProgressSchema.properties,
});
/** See {@link ProgressEventSchema}. */
export type ProgressEvent = Static<typeof ProgressEventSchema>;

/** The `data` of an event `line`: one line of the log. */
export const LineEventSchema = Type.Object({ job: Type.String(), at: time(), text: Type.String() });
/** See {@link LineEventSchema}. */
export type LineEvent = Static<typeof LineEventSchema>;

/** The `data` of an event `gap`: events that are left out. Read the job again. */
export const GapEventSchema = Type.Object({ from: count(), to: count() });
/** See {@link GapEventSchema}. */
export type GapEvent = Static<typeof GapEventSchema>;

/** GET /api/databases/{name}/diff. */
export const DifferenceSchema = Type.Object({
  from: Type.String(),
  to: Type.String(),
  text: Type.String({ description: 'As db:diff prints it, without colours: the first 4,000,000 characters' }),
  omitted: count('Lines that are left out at its end'),
});
/** See {@link DifferenceSchema}. */
export type SchemaDifference = Static<typeof DifferenceSchema>;

/** The storage of backups. */
export const StorageSchema = Type.Object({
  bytes: count('Of all files in the folder of backups'),
  limit: nullable(count('serve.maxStorage; null: none')),
});

/** One backup. */
export const BackupSchema = Type.Object({
  file: Type.String({ description: 'Its name in the folder of backups' }),
  format: Type.String(),
  environment: nullable(Type.String()),
  database: nullable(Type.String()),
  server: nullable(Type.String()),
  started: nullable(time()),
  durationMs: nullable(Type.Number()),
  bytes: count(),
  tables: nullable(count()),
  rows: nullable(count()),
  verified: nullable(Type.Object({ when: time(), how: Type.Enum(['checksum', 'read', 'drill']) })),
  left: Type.Array(Type.String()),
  keep: Type.Boolean(),
  faults: Type.Array(Type.String()),
  why: Type.Array(Type.String(), {
    description: 'What keeps it when backups are pruned: newest, daily, keep …; empty: nothing does',
  }),
  uploaded: nullable(
    Type.Object(
      { at: time(), by: Type.String(), sha256: Type.String() },
      { description: 'A dump without a manifest; null: a backup of pgmage' },
    ),
  ),
});
/** See {@link BackupSchema}. */
export type BackupInfo = Static<typeof BackupSchema>;
/** GET /api/backups. */
export const BackupsSchema = Type.Object({
  folder: Type.String(),
  storage: StorageSchema,
  retention: Type.Object(
    { daily: count(), weekly: count(), monthly: count() },
    { description: 'What is kept when room is made' },
  ),
  backups: Type.Array(BackupSchema),
});
/** See {@link BackupsSchema}. */
export type BackupList = Static<typeof BackupsSchema>;

/** The answer of POST and GET /api/session. Send `csrf` as X-CSRF-Token with every request but GET. */
export const SessionSchema = Type.Object({
  csrf: Type.String(),
  key: Type.String({ description: 'The name of the key' }),
  scopes: Type.Array(ScopeSchema),
  expiresAt: time(),
});
/** See {@link SessionSchema}. */
export type SessionInfo = Static<typeof SessionSchema>;

/** One API key, without its secret. */
export const KeySchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(ScopeSchema),
  to: nullable(Type.Array(Type.String(), { description: 'The targets that it may write to; null: all' })),
  createdAt: nullable(time()),
  expiresAt: nullable(time()),
  lastUsedAt: nullable(time()),
});
/** See {@link KeySchema}. */
export type KeyInfo = Static<typeof KeySchema>;
/** GET /api/keys. */
export const KeysSchema = Type.Array(KeySchema);

/** GET /api/settings. */
export const SettingsSchema = Type.Object({
  version: Type.String(),
  features: Type.Array(Type.Enum(['import', 'clone', 'data'])),
  concurrency: count('Jobs that run at once'),
  waiting: count('Jobs that may wait'),
  jobMemory: nullable(count('Megabytes of JavaScript memory of each job')),
  queue: Type.Enum(['embedded', 'postgres', 'redis']),
  backups: Type.String({ description: 'The folder of backups' }),
  storage: StorageSchema,
  history: Type.Object(
    { jobDays: count(), jobs: count(), eventDays: count() },
    { description: 'How long jobs and their logs are kept' },
  ),
});
/** See {@link SettingsSchema}. */
export type Settings = Static<typeof SettingsSchema>;

/** GET /health and /ready. */
export const HealthSchema = Type.Object({ ok: Type.Boolean(), version: Type.String() });
/** GET /ready: 503 where one of them is not as it should be. */
export const ReadySchema = Type.Object({
  ...HealthSchema.properties,
  queue: Type.Enum(['ok', 'unavailable']),
  storage: Type.Enum(['ok', 'nearly full', 'full']),
  stopping: Type.Boolean(),
});
