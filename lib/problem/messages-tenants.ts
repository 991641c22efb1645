// The messages of problems with tenants, and with names of environments.

import { type MessageRow, row } from './message.ts';
import type { TenantProblems } from './tenant-codes.ts';

/** Their part of the table; total by its type. */
export const tenantMessages: { readonly [C in keyof TenantProblems]: MessageRow<TenantProblems[C]> } = {
  unknown_environment: row(
    64,
    404,
    (of) => `Unknown environment ${of.name || "''"}`,
    ({ known, nearest = [], tenants }) => {
      const near = nearest.length > 0 ? `Did you mean ${nearest.join(' or ')}? ` : '';
      const list = known.join(', ');
      const more = tenants && tenants.more > 0 ? `, and ${tenants.more} more` : '';
      if (tenants) return `${near}Tenants of ${tenants.environment}: ${list}${more}.`;
      if (known.length === 0) return 'Set DATABASE_URL, or add it to pgmage.config.ts.';
      return `${near}Known environments: ${list}. A file .env.NAME or pgmage.config.ts defines more.`;
    },
  ),
  several_tenants: row(
    64,
    409,
    (of) => `${of.environment} is many ${of.of}, one for each tenant`,
    (of) =>
      `Name one tenant: ${of.environment}:NAME. All tenants at once: db:status, db:sync, db:verify,` +
      ' db:rollback and db:history.',
  ),
  bad_tenants: row(
    64,
    422,
    (of) => `Cannot list the tenants of ${of.environment}: ${of.reason}`,
    (of) => `Correct environments.${of.environment} in pgmage.config.ts, or what it reads.`,
  ),
  tenant_moved: row(
    1,
    409,
    (of) => `${of.environment} changed after the plan was shown: ${of.moved}`,
    'Nothing was changed in it. Run the command again.',
  ),
  tenant_schema: row(
    64,
    409,
    (of) => `${of.environment} is one schema of a database, and this command works on whole databases`,
    'Use db:status, db:sync, db:verify, db:rollback or db:history, or name another environment.',
  ),
  tenant_described: row(
    64,
    409,
    (of) => `${of.environment} is one schema of a database, and types and documents are of a whole one`,
    'Leave --from out: the wanted schema is read then, and it is that of each tenant.',
  ),
  tenant_name: row(
    64,
    422,
    (of) => `The schema ${of.schema} cannot be a tenant: ${of.reason}`,
    'Rename the schema, or write the names of the tenants in pgmage.config.ts so that it is none of them.',
  ),
  tenant_ties: row(
    1,
    409,
    (of) => `The tenant ${of.schema} depends on its database: ${of.ties.join('; ')}`,
    'A migration of the tenant would change that, too, or be changed by it. Move it into the schema, or' +
      ' remove it.',
  ),
  tenant_emptied: row(
    1,
    409,
    (of) => `The schema of ${of.environment} is empty, but its ledger has applied migrations`,
    (of) =>
      'If the schema was dropped and created again, drop the ledger of the old one:' +
      ` DROP SCHEMA ${of.ledger} CASCADE; then run the command again.`,
  ),
  outside_schema: row(
    1,
    422,
    (of) => `Tenants that are schemas have no objects outside of ${of.schema}: ${of.objects.join(', ')}`,
    (of) =>
      `Remove them from the schema. Create what all tenants share, and the rights on ${of.schema} itself,` +
      ' where the schemas of tenants are created. If tables of tenants refer to it, name its schema and' +
      ' the file that creates it as external in pgmage.config.ts. Give an extension a schema of its own,' +
      ' without VERSION: CREATE EXTENSION … SCHEMA extensions.',
  ),
  missing_extensions: row(
    1,
    422,
    (of) =>
      `The database of ${of.environment} lacks extensions that tenants share: ${of.extensions.join(', ')}`,
    (of) => `Create them once, as a superuser: ${of.statements.join('; ')}`,
  ),
  misplaced_extensions: row(
    1,
    422,
    (of) =>
      `The database of ${of.environment} has extensions in other schemas than its migrations:` +
      ` ${of.extensions.join(', ')}`,
    ({ statements, fixed }) => {
      const move =
        'Move them once, as a superuser, and name the new schema in all queries of the database:' +
        ` ${statements.join('; ')}`;
      const keep =
        `The server cannot move ${fixed.join(', ')}: write the schema where it is, unless that is public.` +
        ' Else drop it, with all that uses it, and create it there.';
      return [...(fixed.length > 0 ? [keep] : []), ...(statements.length > 0 ? [move] : [])].join(' ');
    },
  ),
  external_changed: row(
    1,
    422,
    (of) => `The schema or a migration changes what another program manages: ${of.objects.join(', ')}`,
    'These schemas are named as external in pgmage.config.ts. Change them with that program, then update' +
      ' their files.',
  ),
  external_outside: row(
    1,
    422,
    (of) =>
      `${of.files.join(', ')} ${of.files.length === 1 ? 'creates' : 'create'} objects outside of the` +
      ` external schemas: ${of.objects.join(', ')}`,
    (of) =>
      'pgmage loads these files in the shadow alone, so no database would get the objects. Create them in' +
      ` the schema or in a migration, or name their schema in external, too. Named: ${of.schemas.join(', ')}`,
  ),
  missing_external: row(
    1,
    422,
    (of) => `The database of ${of.environment} lacks schemas that tenants share: ${of.schemas.join(', ')}`,
    'Create them first, with the program that manages them. They are named as external in pgmage.config.ts.',
  ),
  unsafe_schema: row(
    1,
    422,
    (of) =>
      `${of.environment} uses objects of the schema ${of.schema}, which other roles can change:` +
      ` ${of.roles.join(', ')}`,
    (of) =>
      'Migrations would run their functions with your rights. Let a superuser own the schema and all that' +
      ` is in it. Take CREATE from other roles: REVOKE CREATE ON SCHEMA ${of.schema} FROM ROLE`,
  ),
  unclear_schema: row(
    1,
    422,
    (of) => `Cannot rewrite ${of.file} for a tenant's schema: ${of.reason}`,
    (of) =>
      `pgmage rewrites ${of.schema} before a dot, after SCHEMA, in search_path and in texts that are cast` +
      ` to regclass. Write ${of.schema}.NAME as SQL, not in a text. Give other things another name.`,
  ),
};
