// The shapes of databases: what the list and a test of one answer.
import Type, { type Static } from 'typebox';
import { count, nullable, ProblemSchema, time } from './schema-parts.ts';

/** GET /api/databases. */
export const DatabaseSchema = Type.Object({
  name: Type.String(),
  address: nullable(Type.String({ description: 'Its URL without password; null: it has none' })),
  protected: Type.Boolean(),
  canBeTarget: Type.Boolean({ description: 'False: protected, and not in serve.allowTargets' }),
  server: nullable(Type.String({ description: 'Its version, when it was last reached' })),
  bytes: nullable(count('null: not tested yet, or its role may not know it')),
  reachable: nullable(Type.Boolean({ description: 'null: not tested yet, or embedded' })),
  embedded: nullable(
    Type.Enum(['made', 'unmade'], {
      description: 'An embedded database, which the first command makes; null: a database of a server',
    }),
  ),
  checkedAt: nullable(time()),
  problem: nullable(ProblemSchema),
});
/** See {@link DatabaseSchema}. */
export type DatabaseInfo = Static<typeof DatabaseSchema>;
/** GET /api/databases: the answer. */
export const DatabasesSchema = Type.Array(DatabaseSchema);

/** The answer of POST /api/databases/test. */
export const TestSchema = Type.Object({
  name: Type.String(),
  ok: Type.Boolean({
    description: 'False: there is a problem. Of an embedded database only the files are looked at.',
  }),
  server: nullable(Type.String()),
  milliseconds: count(),
  problem: nullable(ProblemSchema),
});
/** See {@link TestSchema}. */
export type TestResult = Static<typeof TestSchema>;
