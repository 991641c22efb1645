// The shapes of schedules: their definitions and what the API shows of them.
import Type, { type Static } from 'typebox';
import { CloneSchema, DataSchema, ExportSchema, PruneSchema, VerifySchema } from './request-schemas.ts';
import { environment, nullable, strict, time } from './schema-parts.ts';

const timing = {
  every: Type.String({
    maxLength: 100,
    description: 'hourly, daily (02:00), weekly (Sunday 02:00), or five fields of cron',
  }),
  timeZone: Type.Optional(Type.String({ maxLength: 60, description: 'Default: UTC' })),
  maxAgeHours: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, description: 'Until it is overdue. Default: 1.5 × its interval' }),
  ),
  retryLost: Type.Optional(Type.Boolean({ description: 'Repeat a job that changes data and was lost' })),
};
const { planId: _, confirm: __, ...clone } = CloneSchema.properties;
const { planId: ___, confirm: ____, ...data } = DataSchema.properties;
const ofTask = <T extends string>(task: T) => ({ task: Type.Literal(task), ...timing });

/** The work of a schedule, and its times. The members beside its timing are those of its job's request. */
export const ScheduleDefinitionSchema = Type.Union([
  Type.Object({ ...ofTask('export'), ...ExportSchema.properties }, strict),
  Type.Object(
    {
      ...ofTask('verify'),
      database: environment('The environment whose newest backup is verified'),
      ...VerifySchema.properties,
    },
    strict,
  ),
  Type.Object({ ...ofTask('drift'), database: environment('The environment to check') }, strict),
  Type.Object(
    {
      ...ofTask('prune'),
      ...PruneSchema.properties,
    },
    strict,
  ),
  Type.Object({ ...ofTask('data'), ...data }, strict),
  Type.Object({ ...ofTask('clone'), ...clone }, strict),
]);
/** PUT /api/schedules/{name}: the definition, and the typed name of a protected target. */
export const PutScheduleSchema = Type.Union(
  ScheduleDefinitionSchema.anyOf.map((one) =>
    'to' in one.properties
      ? Type.Object(
          { ...one.properties, confirm: Type.Optional(environment('The name of a protected target')) },
          strict,
        )
      : one,
  ),
);
/** See {@link ScheduleDefinitionSchema}. */
export type ScheduleDefinition = Static<typeof ScheduleDefinitionSchema>;

/** One schedule. */
export const ScheduleSchema = Type.Object({
  name: Type.String(),
  definition: ScheduleDefinitionSchema,
  source: Type.Enum(['configuration', 'service'], {
    description: 'Where it is defined; only those of the service can be changed by the API',
  }),
  paused: Type.Boolean(),
  next: nullable(time('Of its next job; null: it is paused')),
  last: nullable(Type.Object({ slot: time(), job: nullable(Type.String()), state: nullable(Type.String()) })),
  lastSuccess: nullable(time()),
  overdue: Type.Boolean(),
  problem: nullable(Type.Unknown({ description: 'Why its last job could not be added' })),
});
/** See {@link ScheduleSchema}. */
export type Schedule = Static<typeof ScheduleSchema>;
/** GET /api/schedules. */
export const SchedulesSchema = Type.Array(ScheduleSchema);
