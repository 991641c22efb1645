// The parts that several shapes of the HTTP API share.
import Type, { type Static, type TSchema } from 'typebox';

/** A value or null. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** Unknown members are refused. */
export const strict = { additionalProperties: false };
/** A whole number, not below 0. */
export const count = (description?: string) =>
  Type.Integer({ minimum: 0, ...(description && { description }) });
/** A time. */
export const time = (description = 'ISO 8601, UTC') => Type.String({ description });
const patternWords = new Map<string, string>();
/** The words for the texts that a pattern of {@link shaped} allows; undefined: it is not one of these. */
export const wordsOf = (pattern: string): string | undefined => patternWords.get(pattern);
/** A text of a pattern, with words that complete `it is not …`. */
export function shaped(pattern: string, words: string, description?: string) {
  patternWords.set(pattern, words);
  return Type.String({ pattern, ...(description && { description }) });
}

/** The id of a job or a plan, which the database takes as a UUID. */
export const uuid = (description: string) =>
  shaped(
    '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    'an id, such as 5b519428-fb85-4725-b857-7d4dbf147eb2',
    description,
  );
/** The name of an environment: no URL, no path. */
export const environment = (description: string) =>
  shaped(
    '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$',
    'the name of an environment: a letter or digit, then up to 62 letters, digits, _, . and -',
    description,
  );

/** An answer that is not JSON. */
export const content = (type: string, description: string) => ({
  description,
  // Of a stream of events, one event has the schema.
  content: { [type]: { schema: type === 'text/event-stream' ? Type.Unknown() : Type.String() } },
});

/** The rights of a key. `admin` has all the others. */
export const ScopeSchema = Type.Enum(['read', 'run', 'write', 'download', 'admin']);
/** See {@link ScopeSchema}. */
export type KeyScope = Static<typeof ScopeSchema>;

/** The kinds of jobs. */
export const JobKindSchema = Type.Enum(['export', 'import', 'clone', 'data', 'verify', 'drift', 'prune']);
/** See {@link JobKindSchema}. */
export type JobKind = Static<typeof JobKindSchema>;

/** The states of a job. `lost`: its process is gone, and its end is not known yet. */
export const JobStateSchema = Type.Enum([
  'waiting',
  'running',
  'cancelling',
  'done',
  'failed',
  'cancelled',
  'lost',
]);
/** See {@link JobStateSchema}. */
export type JobState = Static<typeof JobStateSchema>;

/** A failure, as `Problem` tells it. */
export const ProblemSchema = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: Type.String(),
  data: Type.Unknown(),
  exitCode: Type.Integer(),
  status: Type.Integer(),
});
