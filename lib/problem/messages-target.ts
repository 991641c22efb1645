// The messages of problems with what a target lacks.

import { type MessageRow, row } from './message.ts';
import { quoteName } from './quote-name.ts';
import type { TargetProblems } from './target-codes.ts';

const withRepair = (hint: string, { repair }: { readonly repair?: string }) =>
  repair === undefined ? hint : `${hint} ${repair}`;

/** Their part of the table; total by its type. */
export const targetMessages: { readonly [C in keyof TargetProblems]: MessageRow<TargetProblems[C]> } = {
  newer_syntax: row(
    1,
    409,
    (of) =>
      `${of.migration} needs PostgreSQL ${of.since}, but ${of.environment} is PostgreSQL` +
      ` ${of.major}: ${of.uses.join(', ')}`,
    (of) =>
      withRepair(
        `Nothing was written or changed. Upgrade the server of ${of.environment}, or remove that` +
          ' syntax from the schema.',
        of,
      ),
  ),
  missing_roles: row(
    1,
    409,
    (of) => `${of.environment} does not have the roles ${of.roles.join(', ')}`,
    (of) =>
      withRepair(
        'Nothing was written or changed. Create them there, then run db:sync again: ' +
          of.roles.map((role) => `CREATE ROLE ${quoteName(role)};`).join(' '),
        of,
      ),
  ),
  missing_tablespaces: row(
    1,
    409,
    (of) => `${of.environment} does not have the tablespaces ${of.tablespaces.join(', ')}`,
    (of) =>
      withRepair(
        'Nothing was written or changed. Create them there, then run db:sync again. On a development' +
          ` server they can be inside its folder: SET allow_in_place_tablespaces = on; ${of.tablespaces
            .map((name) => `CREATE TABLESPACE ${quoteName(name)} LOCATION '';`)
            .join(' ')}`,
        of,
      ),
  ),
  missing_versions: row(
    1,
    409,
    (of) => `The server of ${of.environment} cannot get versions of extensions: ${of.versions.join('; ')}`,
    (of) =>
      withRepair(
        'Nothing was written or changed. Name a version in the schema that the server can get, or name' +
          ' none. Or install a package of the extension there that has the version.',
        of,
      ),
  ),
  unavailable_extensions: row(
    1,
    409,
    (of) => `The server of ${of.environment} does not have the extensions ${of.extensions.join(', ')}`,
    (of) =>
      withRepair(
        `Nothing was written or changed. Install them on the server of ${of.environment}, or remove them` +
          ' from the schema.',
        of,
      ),
  ),
};
