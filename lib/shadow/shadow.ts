// A throw-away database, gone at the end of its scope: the same whether it is inside the process or on a
// server.
import type { Connection } from '../pg/connection.ts';

/** The part that several states share; it may stay from one to the next. */
export interface Ground {
  /** The same for the same content. */
  readonly key: string;
  /** Tablespaces that it and the work name: the embedded shadow makes them, a server has its own. */
  readonly tablespaces?: readonly string[];
  /** Makes it in the empty database, in the state's transaction. */
  lay(connection: Connection): Promise<void>;
}

/** An empty database that serves many states, one after the other. */
export interface Shadow {
  /** Major version of the server. */
  readonly major: number;
  /** Extensions that can be created in it; null: those of the server. */
  readonly extensions: ReadonlySet<string> | null;
  /** The superuser of a server whose rights has what it runs; null: there is none. */
  readonly superuser: string | null;
  /**
   * Lends the database to `work` and rolls everything back afterwards. Waits for earlier work.
   * @param ground the content of the database for the work; default: empty
   * @throws Problem of the work, and of creating the ground
   */
  state<T>(work: (connection: Connection) => Promise<T>, ground?: Ground): Promise<T>;
  /**
   * The same without a transaction, for statements that refuse one or must be committed before use. Slower.
   * @param ground is laid in a transaction and committed before the work
   */
  committed<T>(work: (connection: Connection) => Promise<T>, ground?: Ground): Promise<T>;
  /** Removes it. Without this the process does not end. */
  close(): Promise<void>;
}

/** The options of a shadow. */
export interface ShadowOptions {
  /** The folder with the template of the in-process shadow. */
  readonly cacheDir: string;
  /** URL of a server to make the shadow on; null: PostgreSQL in this process. */
  readonly url: string | null;
  /**
   * Names of the extensions that will be created in it. Unknown ones are left out: CREATE EXTENSION then
   * fails.
   */
  readonly extensions?: Iterable<string>;
  /** Called once, before work that takes seconds. */
  readonly progress?: (message: string) => void;
  /** Is given what removes the shadow if the process is interrupted, and gives the way to forget it again. */
  readonly onInterrupt?: (undo: () => Promise<unknown>) => () => void;
}
