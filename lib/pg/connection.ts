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
