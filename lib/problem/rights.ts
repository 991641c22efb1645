// The advice for a right that a role lacks.

import { quoteName } from './quote-name.ts';

const extensionRefused = /^permission denied to create extension "/;

const advice: readonly (readonly [RegExp, string])[] = [
  [
    /\bschema pgmage$/,
    'Let this role read the ledger: GRANT USAGE ON SCHEMA pgmage TO role_name;' +
      ' GRANT SELECT ON ALL TABLES IN SCHEMA pgmage TO role_name;',
  ],
  [
    /(?:must be member of|must be able to SET ROLE) (?:role )?"/,
    'Let this role act as that one: GRANT that_role TO role_name; Or pass --no-owner to db:clone,' +
      ' db:restore and drills.',
  ],
  [
    extensionRefused,
    'Let a superuser create it in the database first. db:clone takes an extension that is there, db:sync' +
      ' with CREATE EXTENSION IF NOT EXISTS. Or leave it out of the clone: --exclude extension:NAME.',
  ],
  [
    /must be owner of (?:extension|event trigger) /,
    'It belongs to another role. If the command is to replace it, let that role or a superuser drop it' +
      ' first.',
  ],
  [/^permission denied to create database$/, 'Allow it: ALTER ROLE role_name CREATEDB;'],
  [
    /permission denied for schema public$/,
    'Since PostgreSQL 15, only the owner of the database may create objects in the schema public: ALTER' +
      ' DATABASE name OWNER TO role_name; A GRANT CREATE ON SCHEMA public would be drift.',
  ],
  [
    /row-level security policy/,
    'Let this role see all rows: ALTER ROLE role_name BYPASSRLS; Or connect as a superuser.',
  ],
  [
    /permission denied for large object/,
    'pg_read_all_data does not include large objects. Connect as their owner or as a superuser. Or allow' +
      ' each one: GRANT SELECT ON LARGE OBJECT number TO role_name;',
  ],
];

/**
 * The advice for a message of the server.
 * @param message `permission denied for schema pgmage`
 * @param role the connected role, where it is known
 * @param hint the hint of the server or of the work; pgmage's advice on extensions says more
 */
export function adviseRights(message: string, role?: string, hint?: string | null): string {
  if (hint != null && !extensionRefused.test(message)) return hint;
  return findAdvice(message, role) ?? 'Connect as a role that may do this, usually the owner of the objects.';
}

/** The special advice for a message, which may be one of several lines; undefined: there is none. */
export function findAdvice(message: string, role?: string): string | undefined {
  const text = advice.find(([words]) => words.test(message))?.[1];
  return role === undefined ? text : text?.replaceAll('role_name', () => quoteName(role));
}
