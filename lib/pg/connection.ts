// What every room above may ask of a database, whichever driver answers.

/** An open session. Implemented over `pg` here and over PGlite in `shadow/`; everything thrown is a Problem. */
export interface Connection {
  /** For people: an environment's name or a URL, never with a password. */
  readonly description: string;
  /** The server's major version, e.g. 15: known since the start of the session, so that nobody has to ask. */
  readonly major: number;
  /** Runs one statement and gives its rows; int8 and numeric come as text. */
  rows<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Runs several row-returning queries in one round trip where the driver can; gives their rows in order. */
  batch(queries: readonly string[]): Promise<readonly unknown[][]>;
  /**
   * Runs several queries in one round trip where the driver can. Each gives one row of one value, which is handed over
   * as soon as it is there, while the server works on the next.
   */
  stream(queries: readonly string[], take: (value: unknown, index: number) => void): Promise<void>;
  /** Runs one or many statements as one simple query, results dropped; without BEGIN inside it is all or nothing. */
  execute(sql: string): Promise<void>;
  /** Whether its transactions may be in different sessions of the server (`refusePooler`); left out: they are not. */
  isShared?(): Promise<boolean>;
  close(): Promise<void>;
}

/** What the server says besides results. */
export interface Notice {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
}

/** A session on a server. */
export interface ServerConnection extends Connection {
  /** The server's full version, e.g. `15.18 (Debian 15.18-0+deb12u1)`. */
  readonly version: string;
  /** The number of its process as the server told it when the session began: behind a pooler, not its own. */
  readonly backend: number | null;
  /** The search path that the role and the database are set to. pgmage's own statements run under another one. */
  readonly searchPath: string;
  /** Everything the server noted since the session began. */
  readonly notices: readonly Notice[];
  /**
   * Runs `COPY … TO STDOUT` and gives what comes, piece by piece, as it is asked for. The session can do nothing else until
   * all of it is read, and is closed where it is not.
   */
  copyOut(sql: string): AsyncIterable<Uint8Array>;
  /** Runs `COPY … FROM STDIN`, and gives the number of rows. Nothing is kept of what does not come to its end. */
  copyIn(sql: string, pieces: AsyncIterable<Uint8Array>): Promise<number>;
}
