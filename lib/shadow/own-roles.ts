// The roles that a shadow makes on a server: roles belong to all databases there, so only the shadow's own
// may be dropped.
import { quote } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';

/** A record of the roles that this run created on a server and committed. */
export class OwnRoles {
  readonly #names = new Set<string>();

  /**
   * A session whose committed roles are noted: those that one of its messages created. Such a message names
   * the role, and the role is there after the message and not before it.
   */
  noting(connection: Connection): Connection {
    const execute = async (sql: string): Promise<void> => {
      if (!/\bcreate\s+(role|user|group)\b/i.test(sql)) return connection.execute(sql);
      const before = new Set(await rolesOf(connection));
      try {
        await connection.execute(sql);
      } finally {
        // A lost session cannot report anything more.
        for (const role of await rolesOf(connection).catch(() => []))
          if (!before.has(role) && isNamedIn(sql, role)) this.#names.add(role);
      }
    };
    return { ...connection, execute };
  }

  /** Empties the record, after what created the roles was rolled back. */
  forget(): void {
    this.#names.clear();
  }

  /** Drops the roles of the record. @throws Problem of the connection */
  async drop(connection: Connection): Promise<void> {
    for (const role of this.#names) {
      await connection.execute(`drop role if exists ${quote(role)}`);
      this.#names.delete(role);
    }
  }
}

/** True if SQL contains the name of a role as a whole identifier or literal. */
export function isNamedIn(sql: string, role: string): boolean {
  const literally = role.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w$])${literally}(?![\\w$])`, 'i').test(sql);
}

async function rolesOf(connection: Connection): Promise<string[]> {
  const rows = await connection.rows<{ rolname: string }>('select rolname::text from pg_catalog.pg_roles');
  return rows.map(({ rolname }) => rolname);
}
