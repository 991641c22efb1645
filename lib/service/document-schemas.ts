// The shapes of documents and pictures in answers of the HTTP API.
import Type, { type Static } from 'typebox';
import { count, nullable, time } from './schema-parts.ts';

const PathSchema = Type.Tuple([Type.String(), Type.String()], { description: 'Schema and name' });
const MarkSchema = nullable(Type.Enum(['added', 'changed', 'removed']));

/** Some tables that are drawn together. */
export const PictureSchema = Type.Object({
  around: nullable(PathSchema),
  tables: Type.Array(
    Type.Object({
      path: PathSchema,
      title: Type.String(),
      comment: nullable(Type.String()),
      lines: Type.Array(
        Type.Object({
          name: Type.String(),
          type: Type.String({ description: '`?` at its end: it may be NULL' }),
          isKey: Type.Boolean({ description: 'In the primary key' }),
          isReference: Type.Boolean({ description: 'In a foreign key' }),
          mark: MarkSchema,
        }),
      ),
      omitted: count('The lines that are left out'),
      references: Type.Array(
        Type.Object({
          name: Type.String(),
          to: PathSchema,
          columns: Type.Array(Type.String()),
          isRequired: Type.Boolean(),
          isUnique: Type.Boolean(),
          mark: MarkSchema,
        }),
      ),
      mark: MarkSchema,
      isContext: Type.Boolean({ description: 'Only there because another table references it' }),
    }),
  ),
});

/** GET /api/databases/{name}/diff/picture. */
export const ChangesPictureSchema = Type.Object({
  from: Type.String(),
  to: Type.String(),
  summary: Type.String({ description: 'The numbers of changes' }),
  pictures: Type.Array(PictureSchema),
  omitted: count('Changed tables that are not drawn: the pictures have the first 600 of them'),
});
/** See {@link ChangesPictureSchema}. */
export type ChangesPicture = Static<typeof ChangesPictureSchema>;

const AnchorSchema = Type.Object({ schema: Type.String(), id: Type.String() });
const LineSchema = Type.Array(
  Type.Union([
    Type.String(),
    Type.Object({ code: Type.String() }),
    Type.Object({ label: Type.String(), to: AnchorSchema }),
  ]),
  { description: 'Text, code and links to other objects' },
);
const BlockSchema = Type.Union([
  Type.Object({
    is: Type.Literal('heading'),
    level: Type.Union([Type.Literal(2), Type.Literal(3)]),
    text: LineSchema,
    id: nullable(Type.String()),
  }),
  Type.Object({ is: Type.Literal('paragraph'), text: LineSchema }),
  Type.Object({
    is: Type.Literal('table'),
    head: Type.Array(Type.String()),
    rows: Type.Array(Type.Array(LineSchema)),
  }),
]);

/** GET /api/databases/{name}/documents. */
export const DocumentsSchema = Type.Object({
  database: Type.String(),
  server: Type.Integer({ description: 'The major version of PostgreSQL' }),
  digest: Type.String({ description: 'The same for the same documents' }),
  schemas: Type.Array(
    Type.Object({
      name: Type.String(),
      counts: Type.Array(Type.String()),
      blocks: Type.Array(BlockSchema),
    }),
  ),
  objects: Type.Array(
    Type.Object({
      id: Type.String({ description: 'By which links name it' }),
      schema: Type.String(),
      title: Type.String(),
      blocks: Type.Array(BlockSchema),
    }),
  ),
  pictures: Type.Array(PictureSchema),
  history: Type.Array(
    Type.Object({
      migration: Type.String(),
      direction: Type.Enum(['up', 'down']),
      outcome: Type.Enum(['begun', 'done', 'failed', 'baseline']),
      at: time(),
      by: Type.String(),
      detail: nullable(Type.String()),
    }),
    { description: 'The last changes in the ledger, the newest first' },
  ),
});
/** See {@link DocumentsSchema}. */
export type DatabaseDocuments = Static<typeof DocumentsSchema>;
