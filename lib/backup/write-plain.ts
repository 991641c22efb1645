// An SQL script of a database, written without any other program. psql and db:restore load it.
import { type Compression, compress } from '../flow/compression.ts';
import { type Output, type WrittenDump, writeAll } from '../flow/dump.ts';
import { lastWords } from '../flow/script-file.ts';
import { readSequences, type SequenceValue } from '../flow/sequences.ts';
import { listTables } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import { literal } from '../model/quote.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { planAroundRows } from '../plan/around-data.ts';
import { toProblem } from '../problem/problem.ts';
import { type RowForm, writeObjects, writeTables } from './plain-rows.ts';

/** The content of a script, and its form. */
export interface PlainDump extends RowForm {
  /** The schema of the script; its tables are those whose rows are written. */
  readonly catalog: Catalog;
  /** The database's server. */
  readonly server: { readonly version: string; readonly encoding: string; readonly path: string };
  /** The version of pgmage. */
  readonly version: string;
  /** Owners and privileges of large objects; those of the schema are in the catalog. */
  readonly owners: boolean;
  readonly compression: Compression;
}

/**
 * Writes the script of what the connection's transaction sees: objects that rows need, rows, all other
 * objects. It is read from the server as fast as it is written.
 * @throws Problem `unwritable_file`, `plan_cycle`; of the connection
 */
export async function writePlain(
  connection: ServerConnection,
  to: Output,
  dump: PlainDump,
): Promise<WrittenDump> {
  try {
    return await writeAll(to, compress(partsOf(connection, dump), dump));
  } catch (thrown) {
    throw toProblem(thrown);
  }
}

async function* partsOf(connection: ServerConnection, dump: PlainDump): AsyncGenerator<Buffer> {
  const { server, signal } = dump;
  const nothing = emptyCatalog(connection.major, kinds);
  const halves = planAroundRows(nothing, ofNobody(dump.catalog), kinds);
  yield Buffer.from(headOf(dump));
  yield* statementsOf(halves.before, signal);
  // Constraints, generated columns and indexes call functions, whose bodies may name objects without a
  // schema.
  yield Buffer.from(`${pathOf(server.path)}\n`);
  yield* writeTables(connection, await listTables(connection), dump);
  yield* writeObjects(connection, dump);
  for (const one of await readSequences(connection)) yield Buffer.from(positionOf(one));
  yield Buffer.from('\n');
  yield* statementsOf(halves.after, signal);
  yield Buffer.from(`--\n${lastWords}\n--\n`);
}

// The role that loads it is unknown, so every owner is named.
const ofNobody = (catalog: Catalog) =>
  withRelations({ ...catalog, role: null }, catalog.facts, () => catalog);

// The settings that pg_dump writes, too.
const headOf = ({ server, version }: PlainDump) => `--
-- PostgreSQL database dump
--

-- Dumped from database version ${server.version}
-- Dumped by pgmage version ${version}

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = ${literal(server.encoding === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8')};
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
${pathOf('')}
`;

// System objects first and temporary ones last, because the names of statements have a schema.
function pathOf(path: string): string {
  const own = path.split(',').filter((name) => !/^\s*(pg_catalog|pg_temp)?\s*$/.test(name));
  const wanted = own.length === 0 ? '' : [...own, ' pg_temp'].join();
  return `SELECT pg_catalog.set_config('search_path', ${literal(wanted)}, false);\n`;
}

async function* statementsOf(steps: readonly Step[], signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const { sql } of steps) {
    signal.throwIfAborted();
    // A statement may end in a comment.
    yield Buffer.from(`${sql}${/--[^\n]*$/.test(sql) ? '\n' : ''};\n\n`);
  }
}

const positionOf = ({ name, last, called }: SequenceValue) =>
  `SELECT pg_catalog.setval(${literal(name)}, ${last}, ${called});\n`;
