// The shapes of the requests of the HTTP API. They validate, describe and type it.
import Type, { type Static } from 'typebox';
import { environment, JobKindSchema, JobStateSchema, shaped, strict, uuid } from './schema-parts.ts';

const text = (description: string, maxLength = 200) => Type.String({ minLength: 1, maxLength, description });
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
// A file in the folder of backups.
const fileName = (description: string) =>
  shaped(
    '^[^./:\\\\\\u0000-\\u001f][^/:\\\\\\u0000-\\u001f]{0,199}$',
    'the name of a file: no path, no : and no . at its beginning',
    description,
  );
const tableName = shaped(
  '^[^/\\\\:]{1,130}$',
  'the name of a table: 1 to 130 characters, without /, \\ and :',
);
const tableNames = (description: string) =>
  Type.Optional(Type.Array(tableName, { minItems: 1, maxItems: 200, description }));

/** POST /api/sync/export. */
export const ExportSchema = Type.Object(
  {
    database: environment('The environment to back up'),
    format: Type.Optional(
      Type.Enum(['plain', 'custom', 'directory', 'native'], {
        description: 'Default: custom where a fitting pg_dump is installed, else native',
      }),
    ),
    keep: flag('Never delete it when backups are pruned'),
  },
  strict,
);
/** See {@link ExportSchema}. */
export type ExportRequest = Static<typeof ExportSchema>;

// A job that replaces data needs the plan that was shown, or both of the others.
const agreement = {
  planId: Type.Optional(uuid('From POST /api/plans')),
  force: flag('Go on although data is lost'),
  confirm: Type.Optional(environment('The name of the target')),
};
const backupFirst = flag('Back the target up first, if it has rows. Default: true; false needs admin');

/** The name of a file in the folder of backups. */
export const FileSchema = fileName('A backup of GET /api/backups');

/** POST /api/sync/import. */
export const ImportSchema = Type.Object(
  {
    file: FileSchema,
    to: environment('The environment whose content is replaced'),
    noOwner: flag('Leave owners and privileges to the role that restores'),
    withoutManifest: flag('SQL or an archive of pg_dump that pgmage did not write. It needs admin'),
    append: flag('With withoutManifest: keep the content, and run the script in it'),
    backupFirst,
    ...agreement,
  },
  strict,
);
/** See {@link ImportSchema}. */
export type ImportRequest = Static<typeof ImportSchema>;

/** POST /api/sync/clone. */
export const CloneSchema = Type.Object(
  {
    from: environment('The environment that is read'),
    to: environment('The environment whose content is replaced'),
    tables: tableNames('Only these tables, and the objects that they need; * matches any characters'),
    dataOnly: flag('Nothing but rows, for a target of the same schema'),
    swap: flag('Fill a new database, and exchange it for the target'),
    noOwner: flag('Leave owners and privileges to the role that clones'),
    backupFirst,
    ...agreement,
  },
  strict,
);
/** See {@link CloneSchema}. */
export type CloneRequest = Static<typeof CloneSchema>;

/** POST /api/sync/data. */
export const DataSchema = Type.Object(
  {
    from: environment('The environment that is read'),
    to: environment('The environment whose rows change'),
    tables: tableNames('Only these tables; * matches any characters'),
    exclude: tableNames('Leave these tables out'),
    keepDeleted: flag('Delete no rows of the target'),
    complete: flag('Compare all rows, also of tables with since. A plan, and the job of it, always do'),
    backupFirst,
    ...agreement,
  },
  strict,
);
/** See {@link DataSchema}. */
export type DataRequest = Static<typeof DataSchema>;

/** POST /api/backups/{file}/verify. */
export const VerifySchema = Type.Object(
  {
    drill: flag('Restore it in a database of its own, compare, and drop that again'),
    on: Type.Optional(environment('With drill: on the server of this environment')),
  },
  strict,
);
/** See {@link VerifySchema}. */
export type VerifyRequest = Static<typeof VerifySchema>;

const keptCount = (period: string) =>
  Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10_000, description: `How many ${period} keep a backup` }),
  );

/** POST /api/backups/prune. With one number, the others are 0; with none, the usual rules hold. */
export const PruneSchema = Type.Object(
  { keepDaily: keptCount('days'), keepWeekly: keptCount('weeks'), keepMonthly: keptCount('months') },
  strict,
);
/** See {@link PruneSchema}. */
export type PruneRequest = Static<typeof PruneSchema>;

/** POST /api/backups: the query. The service makes the name of the file; `name` is a part of it. */
export const UploadQuerySchema = Type.Object(
  {
    name: Type.Optional(
      shaped(
        '^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$',
        'a part of a file name: a letter or digit, then up to 60 letters, digits, _ and -',
      ),
    ),
    sha256: Type.Optional(
      shaped(
        '^[0-9a-f]{64}$',
        'a SHA-256 checksum: 64 characters, each 0 to 9 or a to f',
        'Another content is refused',
      ),
    ),
  },
  strict,
);
/** See {@link UploadQuerySchema}. */
export type UploadQuery = Static<typeof UploadQuerySchema>;

/** POST /api/plans: the body of the job, with its kind. */
export const PlanRequestSchema = Type.Union([
  Type.Object({ kind: Type.Literal('import'), ...ImportSchema.properties }, strict),
  Type.Object({ kind: Type.Literal('clone'), ...CloneSchema.properties }, strict),
  Type.Object({ kind: Type.Literal('data'), ...DataSchema.properties }, strict),
]);
/** See {@link PlanRequestSchema}. */
export type PlanRequest = Static<typeof PlanRequestSchema>;

/** GET /api/jobs: the query. */
export const JobsQuerySchema = Type.Object(
  {
    state: Type.Optional(JobStateSchema),
    kind: Type.Optional(JobKindSchema),
    database: Type.Optional(environment('The environment that is read or written to')),
    before: Type.Optional(uuid('`next` of the page before')),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  },
  strict,
);
/** See {@link JobsQuerySchema}. */
export type JobsQuery = Static<typeof JobsQuerySchema>;

/** POST /api/databases/test. */
export const TestRequestSchema = Type.Object({ name: environment('The environment to connect to') }, strict);
/** POST /api/session. */
export const LoginSchema = Type.Object({ key: text('An API key', 200) }, strict);

/** POST /api/jobs/{id}/retry: how a job that replaces data is confirmed again. */
export const RetrySchema = Type.Object(agreement, strict);
