// The contents of a dump file, loaded through a session of ours: pg_restore unpacks it, and decides nothing.
import { qualify, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import type { Client } from './child.ts';
import { runClient } from './child.ts';
import { identifiersIn, OwnerStatements } from './owner-statements.ts';
import { writeRows } from './row-writing.ts';
import { ScriptReader, serverScript, truncated } from './script.ts';
import { readScript } from './script-file.ts';

/** The options of a load. */
export interface ArchiveLoad {
  readonly client: Client;
  readonly path: string;
  /** The major version of the pg_dump that wrote it. */
  readonly writer: number;
  /** Leaves owners and privileges out: the loading role owns everything. */
  readonly noOwner: boolean;
  readonly signal: AbortSignal;
  /** Called for each table before its rows with 0, and then as its bytes pass. */
  told(table: string, bytes: number): void;
  /** Called when tables and functions are there, before rows, indexes and constraints are made. */
  defined(): Promise<void>;
}

/** Runs the program that writes a section of a dump, and succeeds where that came to its end. */
export type Sections = (
  section: 'pre-data' | 'data' | 'post-data',
  take: (output: AsyncIterable<Buffer>) => Promise<void>,
) => Promise<void>;

/**
 * Loads a dump in the connection's transaction, which it neither begins nor ends. The load is complete only
 * when this returns: pg_restore then ended successfully each time.
 * @throws Problem `client_failed`; of the statements and rows
 */
export function loadArchive(connection: ServerConnection, loading: ArchiveLoad): Promise<void> {
  return loadSections(
    connection,
    (section, take) => pg_restore(loading, section, take),
    loading.writer,
    loading,
  );
}

/**
 * Loads the output of a program section by section, like `loadArchive`.
 * @param writer the major version of the pg_dump that wrote it
 * @param hooks as in `ArchiveLoad`
 * @throws Problem of the program, of the statements and rows
 */
export async function loadSections(
  connection: ServerConnection,
  sections: Sections,
  writer: number,
  hooks: Pick<ArchiveLoad, 'told'> & Partial<Pick<ArchiveLoad, 'defined'>>,
): Promise<void> {
  const told = (table: string, bytes: number) => hooks.told(table, bytes);
  await sections('pre-data', (output) => loadStatements(connection, output, { writer, told }));
  await hooks.defined?.();
  await sections('data', (output) => loadStatements(connection, output, { writer, told }));
  await sections('post-data', (output) => loadStatements(connection, output, { writer, told }));
}

/**
 * Loads a script of pg_dump, with its rows, like `loadArchive`.
 * @param noOwner leaves out what says to whom things belong, and who may use them
 * @throws Problem `backup_damaged`; of the statements and rows
 */
export function loadScript(
  connection: ServerConnection,
  { path, writer, noOwner, signal, told, defined }: Omit<ArchiveLoad, 'client'>,
): Promise<void> {
  const ownership = /^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) |^ALTER [^']* OWNER TO [^']*;$/s;
  const isWanted = (sql: string) => !noOwner || !ownership.test(sql);
  return loadStatements(connection, readScript(path, signal), { writer, told, isWanted, defined });
}

/** How a script is loaded. */
interface ScriptLoad {
  /** The major version of the pg_dump that wrote it. */
  readonly writer: number;
  told(table: string, bytes: number): void;
  /** True if a statement is run; default: each. */
  isWanted?(sql: string): boolean;
  /** Called before the first statement for rows or indexes. */
  defined?(): Promise<void>;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (!isDone) await work();
    isDone = true;
  };
}

const afterSchema = /^(COPY|INSERT INTO|CREATE (UNIQUE )?INDEX|CREATE STATISTICS|REFRESH) /;

async function loadStatements(
  connection: ServerConnection,
  output: AsyncIterable<Buffer>,
  { writer, told, isWanted, defined }: ScriptLoad,
): Promise<void> {
  const script = new ScriptReader(output);
  const owners = new OwnerStatements(connection);
  const batch = new StatementBatch(connection, writer, owners);
  const reach = once(() => batch.send().then(defined));
  const next = () => {
    // A batch is taken apart as the server reads it, which is by the setting before it.
    script.standardStrings = connection.script.reported('standard_conforming_strings') !== 'off';
    return script.next();
  };
  for (let part = await next(); part !== null; part = await next()) {
    if (part.isLast) throw truncated(part.line, '');
    // psql's `\\restrict` lines.
    if (part.is === 'command') continue;
    const sql = `${part.sql};`;
    // The transaction is ours. A plain dump has these around the pages of large objects.
    if (sql === 'BEGIN;' || sql === 'COMMIT;' || isWanted?.(sql) === false) continue;
    refuseTransaction(sql);
    if (afterSchema.test(sql)) await reach();
    const [, table, columns = ''] = /^COPY (.*?) +(?:\((.*)\) )?FROM stdin;$/s.exec(sql) ?? [];
    if (table === undefined) {
      await batch.add(sql);
      continue;
    }
    await batch.send();
    told(table, 0);
    await writeRows(connection, await owners.written(), {
      name: qualify(identifiersIn(table)),
      columns: identifiersIn(columns).map(quote),
      into: (name) => `copy ${name}${columns && ` (${columns})`} from stdin`,
      rows: countBytes(script.rows(), (bytes) => told(table, bytes)),
    });
  }
  await reach();
  await batch.end();
}

const ofEventTrigger = /^(CREATE|ALTER|COMMENT ON|SECURITY LABEL (FOR \S+ )?ON) EVENT TRIGGER /;

// Statements that go to the server in one message: large objects are thousands of small ones.
class StatementBatch {
  readonly #connection: ServerConnection;
  readonly #writer: number;
  readonly #owners: OwnerStatements;
  // Event triggers would fire for later statements of the load, such as REFRESH, and might write rows.
  readonly #late: string[] = [];
  #waiting: string[] = [];
  #size = 0;

  constructor(connection: ServerConnection, writer: number, owners: OwnerStatements) {
    this.#connection = connection;
    this.#writer = writer;
    this.#owners = owners;
  }

  async add(sql: string): Promise<void> {
    if (ofEventTrigger.test(sql)) this.#late.push(sql);
    else await this.#put(sql);
  }

  async #put(sql: string): Promise<void> {
    // First, because it may send what waits.
    const instead = await this.#owners.rewrite(sql, () => this.#flush());
    this.#waiting.push(...instead);
    this.#size += sql.length;
    // The server takes a message apart into statements before it runs the first of them.
    if (this.#size > 1 << 20 || /^SET standard_conforming_strings/.test(sql)) await this.send();
  }

  async end(): Promise<void> {
    for (const sql of this.#late) await this.#put(sql);
    await this.send();
  }

  async send(): Promise<void> {
    this.#waiting.push(...this.#owners.rest());
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const { major } = this.#connection;
    const text = this.#waiting.join('\n');
    if (this.#waiting.length > 0) await this.#connection.execute(serverScript(text, major, this.#writer));
    this.#waiting = [];
    this.#size = 0;
  }
}

// The transaction is ended by the one who verifies it alone (manual: "Transaction Management").
function refuseTransaction(sql: string): void {
  const words = /^(begin|start|commit|end|rollback|abort|savepoint|release|prepare)\b[^;]{0,60}/i.exec(sql);
  if (words !== null) throw new Problem('transaction_statement', { statement: words[0] });
}

/** Passes pieces on and reports their size. */
export async function* countBytes(
  pieces: AsyncIterable<Uint8Array>,
  told: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    told(piece.length);
  }
}

function pg_restore(
  { client, path, noOwner, signal }: ArchiveLoad,
  section: string,
  take: (output: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const words = [
    `--section=${section}`,
    ...(noOwner ? ['--no-owner', '--no-privileges'] : []),
    '-f',
    '-',
    path,
  ];
  return runClient({ client, program: 'pg_restore', words, signal }, take);
}
