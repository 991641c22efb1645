// The part of the table of words that is about shadow databases.
import type { Problems } from './codes.ts';
import { type MessageRow, row } from './message.ts';

type ShadowCode = 'shadow_superuser' | 'beyond_native' | 'no_native_shadow' | 'shadow_failed';

/** Their part of the table; total by its type. */
export const shadowMessages: { readonly [C in ShadowCode]: MessageRow<Problems[C]> } = {
  shadow_superuser: row(
    1,
    409,
    (of) =>
      `${of.role}, the role of --shadow, is a superuser: definitions of a database would run there` +
      ' with its rights',
    'Name a role with CREATEDB and CREATEROLE, or no --shadow. Where you trust the owners of your' +
      ' databases, set `shadowSuperuser: true` in pgmage.config.ts.',
  ),
  beyond_native: row(
    1,
    409,
    (of) => `The native shadow database cannot do this: ${of.reason}`,
    'Pass --shadow embedded, or name a server for shadow databases with --shadow URL.',
  ),
  no_native_shadow: row(
    1,
    409,
    (of) => `Cannot start a native shadow database: ${of.reason}`,
    (of) =>
      `Install PostgreSQL ${of.major}, name the folder of its programs in PGMAGE_POSTGRES, or pass` +
      ' --shadow embedded.',
  ),
  shadow_failed: row(
    1,
    500,
    (of) => `Cannot start the shadow database: ${of.reason}`,
    'Delete the cache folder, or name a server for shadow databases with --shadow URL.',
  ),
};
