// A session that something happens to when its n-th statement is sent.
import type { Connection } from '../../lib/pg/connection.ts';

/**
 * Wraps a session.
 * @param at which statement, from 0
 * @param strike what happens before it is sent
 */
export function faulty(connection: Connection, at: number, strike: () => Promise<void>): Connection {
  let sent = 0;
  const before = async () => {
    if (sent++ === at) await strike();
  };
  return {
    ...connection,
    rows: async (sql, parameters) => {
      await before();
      return connection.rows(sql, parameters);
    },
    execute: async (sql) => {
      await before();
      await connection.execute(sql);
    },
  };
}
