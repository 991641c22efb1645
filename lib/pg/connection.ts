// The connection interface that all other folders use, for any driver.
import type { SchemaPair } from '../model/schema-pair.ts';
import type { ScriptSession } from './pipeline.ts';

/**
 * An open session. Implemented over `pg` here and over PGlite in `shadow/`; everything thrown is a Problem.
 */
export interface Connection {
  /** For people: an environment's name or a URL, never with a password. */
  readonly description: string;
  /** The server's major version, e.g. 15, known since the start of the session. */
  readonly major: number;
  /** The schema that stands for the whole database in this session; left out: there is none. */
  readonly schemas?: SchemaPair;
  /** Runs one statement and gives its rows; int8 and numeric come as text. */
  rows<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Runs several row-returning queries in one round trip where the driver can; gives their rows in order. */
  batch(queries: readonly string[]): Promise<readonly unknown[][]>;
  /**
   * Runs several queries in one round trip where the driver can. Each gives one row of one value, which is
   * handed over as soon as it is there, while the server works on the next.
   */
  stream(queries: readonly string[], take: (value: unknown, index: number) => void): Promise<void>;
  /**
   * Runs one or many statements as one simple query, results dropped; without BEGIN inside it is all or
   * nothing.
   */
  execute(sql: string): Promise<void>;
  /**
   * True if its transactions may run in different server sessions (`refusePooler`); left out: they do not.
   */
  isShared?(): Promise<boolean>;
  close(): Promise<void>;
}

/** A notice of the server. */
export interface Notice {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
}

/** A session on a server. */
export interface ServerConnection extends Connection {
  /** The server's full version, e.g. `15.18 (Debian 15.18-0+deb12u1)`. */
  readonly version: string;
  /** The server process that was named at login: behind a pooler, not the actual one. */
  readonly backend: number | null;
  /** The search path that is set for the role and the database. pgmage's own statements use another one. */
  readonly searchPath: string;
  /** Everything the server noted since the session began. */
  readonly notices: readonly Notice[];
  /**
   * Runs `COPY … TO STDOUT` and yields its data piece by piece. The session is blocked until all data is
   * read, and is closed if the reader stops early.
   */
  copyOut(sql: string): AsyncIterable<Uint8Array>;
  /** Runs `COPY … FROM STDIN` and returns the number of rows. If the data is incomplete, no row is kept. */
  copyIn(sql: string, pieces: AsyncIterable<Uint8Array>): Promise<number>;
  /** The same session for the statements of a script. */
  readonly script: ScriptSession;
}
