// The messages of problems with files.
import type { FileProblems } from './file-codes.ts';
import { type MessageRow, row } from './message.ts';

/** Their part of the table; total by its type. */
export const fileMessages: { readonly [C in keyof FileProblems]: MessageRow<FileProblems[C]> } = {
  missing_schema: row(
    1,
    404,
    (of) => `${of.file} does not exist`,
    (of) =>
      [
        ...adviseNear(of.near),
        'Write the file. For a database that exists, pgmage init writes it and the first migration; pgmage',
        `db:pull or pg_dump --schema-only URL > ${of.file} writes the file alone.`,
      ].join(' '),
  ),
  missing_file: row(1, 404, (of) => `${of.file} does not exist`, adviseMissing),
  unreadable_file: row(
    1,
    403,
    (of) => `Cannot read ${of.file}: ${of.reason}`,
    'Check the permissions of the file.',
  ),
  unwritable_file: row(
    1,
    507,
    (of) => `Cannot write ${of.file}: ${of.reason}`,
    'Check the permissions and the free disk space.',
  ),
  empty_file: row(
    1,
    422,
    (of) =>
      of.linted
        ? `${of.file} has no SQL`
        : of.comments
          ? `${of.file} holds only comments`
          : `${of.file} is empty`,
    (of) =>
      of.linted
        ? 'Name a .sql file, or a folder that has some.'
        : "An empty schema would drop every object. To compare with an empty schema, use the source 'empty'.",
  ),
  no_migrations: row(
    1,
    404,
    (of) => `There are no migrations in ${of.folder}`,
    "db:generate writes the first one. To compare with an empty schema, use the source 'empty'.",
  ),
  program_migration: row(
    1,
    422,
    (of) => `${of.file} is a program of another tool, and only SQL can be replayed`,
    'Set migrations in pgmage.config.ts to a new folder, without layout. Then run db:pull --baseline:' +
      ' it makes the schema of the database the first migration there.',
  ),
  not_utf8: row(
    1,
    422,
    (of) => `${of.file} is not UTF-8 at line ${of.line}`,
    'Save the file as UTF-8, for example with iconv -t UTF-8.',
  ),
  file_too_big: row(
    1,
    413,
    (of) => `${of.file} is too big: it has ${of.bytes} bytes, and the limit is ${of.limit} bytes`,
    'Split the file into a folder of files. Keep data out of the schema.',
  ),
};

/** The first sentence of a hint where the folder is perhaps the wrong one; none without other projects. */
export function adviseNear(near: readonly string[] = []): string[] {
  return near.length > 0
    ? [`A project is in ${near.join(' and in ')}: run the command there, or go on here.`]
    : [];
}

function adviseMissing({ list, writer }: FileProblems['missing_file']): string {
  if (list !== undefined) return `Correct the name: ${list} lists them.`;
  return `Correct the path, or ${writer === undefined ? 'create the file' : `write the file: ${writer}`}.`;
}
