// A throw-away database, gone at the end of its scope: the same whether it is inside the process or on a server.
import type { Connection } from '../pg/connection.ts';

/** What several states have in common: it may stay from one to the next. */
export interface Ground {
  /** The same for the same content. */
  readonly key: string;
  /** Makes it in the empty database, in the state's transaction. */
  lay(connection: Connection): Promise<void>;
}

/** An empty database that serves many states, one after the other. */
export interface Shadow {
  /** Major version of the server. */
  readonly major: number;
  /** Extensions that can be created in it; null: whatever the server has. */
  readonly extensions: ReadonlySet<string> | null;
  /**
   * Lends the database to `work` and takes everything back afterwards, by a transaction around it. Waits for the states
   * before it.
   * @param ground what the database holds then; default: nothing
   * @throws Problem of the work, and of laying the ground
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

/** What a shadow is opened with. */
export interface ShadowOptions {
  /** Where the template of the shadow in the process is kept. */
  readonly cacheDir: string;
  /** URL of a server to make the shadow on; null: PostgreSQL in this process. */
  readonly url: string | null;
  /** Names of the extensions that will be created in it. Unknown ones are left out: CREATE EXTENSION then fails. */
  readonly extensions?: Iterable<string>;
  /** Told once, before something that takes seconds. */
  readonly progress?: (message: string) => void;
  /** Is given what removes the shadow if the process is interrupted, and gives the way to forget it again. */
  readonly onInterrupt?: (undo: () => Promise<void>) => () => void;
}
