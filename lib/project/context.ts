// What every operation is given of the world: the edges (runner, tests, programs) own these and pass them in.
import type { CopyProgress } from '../flow/progress.ts';
import type { Layout } from '../migration/layouts.ts';

/** One environment of the configuration, resolved: where its database is. */
export interface Target {
  /** Its name, e.g. `prod`; `local` for a plain DATABASE_URL. For people and error messages. */
  readonly name: string;
  /** A `postgres://` URL; null: the embedded database under `Context.embedded`. */
  readonly url: string | null;
  /** Where the URL was found, for people: `DATABASE_URL in .env`. */
  readonly found?: string;
  /** Milliseconds without a byte, after which its server is asked about the session. Default: 60 s. */
  readonly stallTimeout?: number;
  /** Nothing writes to it without its name on the command line. */
  readonly protected: boolean;
  /** The embedded database is meant only because nothing else is configured. */
  readonly fallback?: boolean;
}

/** Who is at work, as far as anybody knows. */
export interface Author {
  /** The operating system's user. */
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  /** What is checked out. */
  readonly gitCommit: string | null;
}

/** The world as an operation sees it. All paths are absolute. */
export interface Context {
  /** The project's folder: relative paths are resolved against it. */
  readonly root: string;
  /** The wanted schema: a `.sql` file or a folder of them. */
  readonly schema: string;
  /** The folder of migration files. */
  readonly migrations: string;
  /** Files, folders and patterns of queries that are to compile against the wanted schema, relative to `root`. */
  readonly queries?: readonly string[];
  /** Whose way of keeping migrations the folder follows, where it is not pgmage's own. */
  readonly layout?: Layout;
  /** Where derived things may be kept and lost: the shadow's template, catalogs that were read before. */
  readonly cacheDir: string;
  /** Data directory of the embedded database, used where an environment has no URL. */
  readonly embedded: string;
  /** URL of a server to make shadow databases on; null: PostgreSQL inside this process. */
  readonly shadow: string | null;
  /** What is left out of every comparison: names of schemas, and qualified names with or without their kind. */
  readonly ignore?: { readonly schemas: readonly string[]; readonly objects: readonly string[] };
  /** Whether plans shall keep nobody waiting, even if they take more than one transaction; default: true. */
  readonly online?: boolean;
  /** Milliseconds that a migration waits for a lock before it gives way and tries again; 0: for ever. Default: 3000. */
  readonly lockTimeout?: number;
  /** Milliseconds without a byte from a server that is waited for, after which it is asked about the session; 0: never. */
  readonly stallTimeout?: number;
  /** What stands in the place of columns' values wherever rows are cloned: `users.email` → SQL, or `@email`. */
  readonly masks?: Readonly<Record<string, string>>;
  /** Version of pgmage: part of the keys of cached catalogs. */
  readonly version: string;
  /**
   * Finds an environment by name, the default one where no name is given.
   * @throws Problem `unknown_environment`
   */
  environment(name?: string): Promise<Target>;
  /** The protected environments whose URL can be found; left out where there are none. */
  protectedEnvironments?(): Promise<Target[]>;
  /** The clock. */
  now(): Date;
  /** Waits; left out: as long as is asked for. */
  pause?(milliseconds: number): Promise<void>;
  /** Tells the user what takes long, e.g. `Preparing the shadow database`; one line, without an end of line. */
  progress(message: string): void;
  /** Shows how far a long work is, in the place of what was shown before; left out where there is no terminal. */
  pace?(pace: CopyProgress): void;
  /** Who is at work, for the audit; where it is left out, only the database's role is known. */
  author?(): Promise<Author>;
  /**
   * Runs the command that the configuration wants after a sync; left out where it wants none.
   * @throws Problem `hook_failed`
   */
  afterSync?(): Promise<void>;
  /**
   * Notes what has to be undone outside of this process if it is interrupted, and gives the way to forget it again. Where
   * it is left out, nobody is told of an interruption.
   */
  onInterrupt?(undo: () => Promise<void>): () => void;
}
