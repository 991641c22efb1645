// The messages of problems with what a target lacks.

import { type MessageRow, row } from './message.ts';
import { quoteName } from './quote-name.ts';
import type { TargetProblems } from './target-codes.ts';

/** Their part of the table; total by its type. */
export const targetMessages: { readonly [C in keyof TargetProblems]: MessageRow<TargetProblems[C]> } = {
  newer_syntax: row(
    1,
    409,
    (of) =>
      `${of.migration} needs PostgreSQL ${of.since}, but ${of.environment} is PostgreSQL` +
      ` ${of.major}: ${of.uses.join(', ')}`,
    (of) =>
      `Nothing was written or changed. Upgrade the server of ${of.environment}, or remove that` +
      ' syntax from the schema.',
  ),
  missing_roles: row(
    1,
    409,
    (of) => `${of.environment} does not have the roles ${of.roles.join(', ')}`,
    (of) =>
      'Nothing was written or changed. Create them there, then run db:sync again: ' +
      of.roles.map((role) => `CREATE ROLE ${quoteName(role)};`).join(' '),
  ),
  missing_tablespaces: row(
    1,
    409,
    (of) => `${of.environment} does not have the tablespaces ${of.tablespaces.join(', ')}`,
    (of) =>
      'Nothing was written or changed. Create them there, then run db:sync again. On a development' +
      ` server they can be inside its folder: SET allow_in_place_tablespaces = on; ${of.tablespaces
        .map((name) => `CREATE TABLESPACE ${quoteName(name)} LOCATION '';`)
        .join(' ')}`,
  ),
  missing_versions: row(
    1,
    409,
    (of) => `The server of ${of.environment} cannot get versions of extensions: ${of.versions.join('; ')}`,
    'Nothing was written or changed. Name a version in the schema that the server can get, or name none.' +
      ' Or install a package of the extension there that has the version.',
  ),
  unavailable_extensions: row(
    1,
    409,
    (of) => `The server of ${of.environment} does not have the extensions ${of.extensions.join(', ')}`,
    'Nothing was written or changed. Install them there, or remove them from the schema.',
  ),
};
