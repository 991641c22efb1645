// Looks for rows that cannot be compared or written, before anything else is read: values that a column of
// the target does not take, and keys that two rows have.

import { quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { formatCount } from '../problem/amount.ts';
import { configFile } from '../problem/config-file.ts';
import { Problem } from '../problem/problem.ts';
import { openServer, type Reachable } from '../project/source.ts';
import { buildWhere, type Side } from './buckets.ts';
import type { SessionPair } from './find.ts';
import type { BothSides, ConfiguredSql, PairingNote, TablePair } from './shape.ts';

// The number of different values in a note.
const named = 3;

/**
 * Runs the checks that the pairing cannot make.
 * @returns a refusal for each column with values that do not fit
 * @throws Problem `ambiguous_key`, `bad_config`; of the connections
 */
export async function checkRows(sessions: SessionPair, pair: TablePair): Promise<PairingNote[]> {
  await checkConfigured(sessions, pair);
  const notes = await unfitNotes(sessions.from, pair);
  // A value that does not fit may be in the key.
  if (notes.length === 0)
    for (const side of ['from', 'to'] as const)
      if (pair.uncheckedKey[side]) await checkKey(sessions[side], pair, side);
  return notes;
}

/** True if a pair needs `checkRows`. */
export const needsCheck = ({ configured, fitChecks, uncheckedKey }: TablePair): boolean =>
  configured.length + fitChecks.length > 0 || uncheckedKey.from || uncheckedKey.to;

// A mistake in the configuration is reported with its place there, not with a query of pgmage.
async function checkConfigured(sessions: SessionPair, pair: TablePair): Promise<void> {
  for (const one of pair.configured)
    try {
      const { side, sql } = one;
      await sessions[side].rows(`select ${sql} from ${pair[side].from} limit 0`);
    } catch (thrown) {
      if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) throw thrown;
      throw wrongSql(one, thrown);
    }
}

function wrongSql({ place, isMask }: ConfiguredSql, thrown: Problem): Problem {
  const reason = 'message' in thrown.data ? String(thrown.data.message) : thrown.message;
  return isMask
    ? new Problem('bad_mask', { mask: place, reason }, { cause: thrown })
    : new Problem('bad_config', { file: configFile(), reason: `${place}: ${reason}` }, { cause: thrown });
}

/**
 * Finds the SQL of the configuration that the server cannot compute for some row, after a comparison failed.
 * @returns a problem that names it, else the one that was thrown
 */
export async function nameConfigured(
  ends: BothSides<Reachable>,
  pairs: readonly TablePair[],
  thrown: unknown,
): Promise<unknown> {
  const isOfSql =
    thrown instanceof Problem && 'sqlstate' in thrown.data && /^(22|42)/.test(thrown.data.sqlstate);
  if (!isOfSql) return thrown;
  for (const pair of pairs)
    for (const one of pair.configured) {
      const rows = `${pair[one.side].from}${buildWhere(pair, one.side)}`;
      const count = `select pg_catalog.count(${one.sql}) from ${rows}`;
      const failed = await withServer(ends[one.side], (session) => session.rows(count)).then(
        () => null,
        (found: unknown) => found,
      );
      if (failed instanceof Problem && 'sqlstate' in failed.data) return wrongSql(one, failed);
    }
  return thrown;
}

// The session of the comparison can do nothing more in its transaction.
async function withServer<T>(end: Reachable, work: (session: ServerConnection) => Promise<T>): Promise<T> {
  const session = await openServer(end);
  try {
    return await snapshot(session, () => work(session));
  } finally {
    await session.close();
  }
}

async function unfitNotes(source: ServerConnection, pair: TablePair): Promise<PairingNote[]> {
  if (pair.fitChecks.length === 0) return [];
  const where = buildWhere(pair, 'from');
  const counts = pair.fitChecks.map(({ unfit }, at) => `count(*) filter (where ${unfit})::text as c${at}`);
  const [found] = await source.rows<Record<string, string>>(
    `select ${counts.join(', ')} from ${pair.from.from}${where}`,
  );
  const notes: PairingNote[] = [];
  for (const [at, { column, type, unfit, text }] of pair.fitChecks.entries()) {
    const count = Number(found?.[`c${at}`]);
    if (count === 0) continue;
    const values = await source.rows<{ value: string }>(
      `select distinct value from (select left(${text}, 80) as value
        from ${pair.from.from}${buildWhere(pair, 'from', unfit)} limit 1000) s order by 1 limit ${named}`,
    );
    const rows = formatCount(count, 'row has a value', 'rows have values');
    notes.push({
      verdict: 'refused',
      what: `${pair.to.table.name}.${quote(column)}`,
      reason: `${rows} that ${type} does not take: ${values.map(({ value }) => `'${value}'`).join(', ')}`,
      forbids: 'comparing',
    });
  }
  return notes;
}

async function checkKey(connection: ServerConnection, pair: TablePair, side: Side): Promise<void> {
  const values = pair.key.map(({ value }, at) => `${value[side]} as k${at}`);
  // Equal by bytes, as rows are matched: values that only a collation considers equal are different.
  const hashes = pair.key.map(({ hash }) => hash[side]);
  const [twice] = await connection.rows<{ key: string }>(
    `select pg_catalog.concat(${pair.key.map((_, at) => `s.k${at}`).join(`, ', ', `)}) as key from (
       select ${values.join(', ')}, count(*) over (partition by ${hashes.join(', ')}) as many
       from ${pair[side].from}${buildWhere(pair, side)}) s where many > 1 limit 1`,
  );
  if (twice !== undefined)
    throw new Problem('ambiguous_key', { table: pair[side].table.name, key: pair.keyText, value: twice.key });
}
