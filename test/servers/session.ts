// A session of the driver's for SQL that tests write: under the path of the database, as users' own
// statements are.
import { type ConnectTarget, connect } from '../../lib/pg/connect.ts';
import type { ServerConnection } from '../../lib/pg/connection.ts';
import { buildUnpin } from '../../lib/pg/pinned.ts';

/** Opens it. @throws Problem as `connect` */
export async function userSession(target: ConnectTarget): Promise<ServerConnection> {
  const connection = await connect(target);
  await connection.execute(buildUnpin('session'));
  return connection;
}
