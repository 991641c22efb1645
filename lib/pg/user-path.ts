// The path under which functions of a copied database run, which generated columns, constraints and indexes
// call.
import { literal } from '../model/quote.ts';
import type { Connection } from './connection.ts';
import { pinned } from './pinned.ts';

// Names in generated statements are the system's or have a schema. So the system schema comes first unless
// the path says otherwise, and temporary objects, which would come before it, come last.
function under(path: string): string {
  const own = path.split(',').filter((name) => !/^\s*(pg_catalog|pg_temp)?\s*$/.test(name));
  return `select pg_catalog.set_config('search_path', ${literal([...own, 'pg_temp'].join())}, true)`;
}

/**
 * Runs statements that call functions of the database, in the open transaction. The path is pinned again
 * afterwards: with this path, functions of the database could replace those that pgmage calls.
 * @throws Problem of the work
 */
export async function withPath<T>(connection: Connection, path: string, work: () => Promise<T>): Promise<T> {
  await connection.execute(under(path));
  const result = await work();
  await connection.execute(pinned);
  return result;
}
