// The free disk space of a target. A server does not report it, but a local disk can be checked.
import { stat, statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { CopyEnds, PreflightCheck } from './preflight.ts';

const allowed = `select has_function_privilege('pg_stat_file(text)', 'execute')
  and pg_has_role('pg_read_all_settings', 'usage') as so`;

// The folder of the server, and the one of the database's tablespace where it is another.
const places = `select current_setting('data_directory') as data, pg_tablespace_location(d.dattablespace)
  as tablespace,
    extract(epoch from (pg_stat_file('.')).modification)::float8 as changed
  from pg_database d where d.datname = current_database()`;

/**
 * Checks if the new content fits beside the old one: both are on the disk until the end.
 * @param needed bytes; null: unknown
 * @param force true if too little space is only a warning: it may include deleted files that are not released
 * yet
 * @throws Problem of the connection
 */
export async function checkDisk(
  { from, to }: CopyEnds,
  needed: number | null,
  force: boolean,
): Promise<PreflightCheck> {
  const name = 'disk space';
  const free = await freeOn(to.connection);
  if (free === null)
    return {
      name,
      outcome: 'unknown',
      text: 'pgmage cannot read the free space there; if it is too small, nothing is changed',
    };
  const left = `${size(free)} are free`;
  if (needed === null) return { name, outcome: 'ok', text: left };
  const text = `${left} for ${to.named.name}, and ${from.named.name} needs ${size(needed)}`;
  if (needed <= free) return { name, outcome: 'ok', text };
  return force
    ? { name, outcome: 'warning', text }
    : { name, outcome: 'failed', text: `${text}; --force skips this check` };
}

const size = (bytes: number) =>
  bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MB` : `${(bytes / 2 ** 30).toFixed(1)} GB`;

async function freeOn(connection: ServerConnection): Promise<number | null> {
  const [may] = await queryPinned<{ so: boolean }>(connection, allowed);
  if (!may?.so) return null;
  const [found] = await queryPinned<{ data: string; tablespace: string; changed: number }>(
    connection,
    places,
  );
  if (found === undefined) return null;
  const { data, tablespace, changed } = found;
  try {
    // A server elsewhere may have its files in a folder of the same name.
    if (Math.floor((await stat(data)).mtimeMs / 1000) !== changed) return null;
    const { bavail, bsize } = await statfs(resolve(data, tablespace));
    return bavail * bsize;
  } catch {
    // Not there, or not ours to see.
    return null;
  }
}
