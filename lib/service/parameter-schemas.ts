// The shapes of the parameters of jobs, by kind: the bodies of the requests that start them.
import Type, { type TSchema } from 'typebox';
import {
  CloneSchema,
  DataSchema,
  ExportSchema,
  FileSchema,
  ImportSchema,
  PruneSchema,
  VerifySchema,
} from './request-schemas.ts';
import { environment, type JobKind, strict } from './schema-parts.ts';

/** The shape for each kind. */
export const parameterSchemas: Readonly<Record<JobKind, TSchema>> = {
  export: ExportSchema,
  import: ImportSchema,
  clone: CloneSchema,
  data: DataSchema,
  verify: Type.Object({ file: FileSchema, ...VerifySchema.properties }, strict),
  drift: Type.Object({ database: environment('The environment to check') }, strict),
  prune: PruneSchema,
};
