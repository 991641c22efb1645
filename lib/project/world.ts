// The world outside of the project: environments, clock, terminal, interrupts. The edges (runner, tests,
// programs) own these.
import type { TenantsConfig } from '../config/tenants.ts';
import type { CopyProgress } from '../flow/progress.ts';
import type { SchemaPair } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';

/** One environment of the configuration, resolved: where its database is. */
export interface Target {
  /** Its name, e.g. `prod`; `local` for a plain DATABASE_URL. For people and error messages. */
  readonly name: string;
  /** A `postgres://` URL; null: the embedded database under `Project.embedded`. */
  readonly url: string | null;
  /** The place where the URL was found: `DATABASE_URL in .env`. */
  readonly found?: string;
  /** Milliseconds without a byte, after which its server is asked about the session. Default: 60 s. */
  readonly stallTimeout?: number;
  /** Receives a message each time that its server sent nothing for so long, and is waited for. */
  readonly onSilence?: (message: string) => void;
  /** Nothing writes to it without its name on the command line. */
  readonly protected: boolean;
  /** The schema of its database that it is, where it is a tenant of `schemas`. */
  readonly schemas?: SchemaPair;
  /** True if the embedded database is used only because nothing else is configured. */
  readonly fallback?: boolean;
}

/** An environment that stands for many databases. */
export interface TenantsPlace {
  /** Its own database, which lists the tenants or whose server has them. */
  readonly target: Target;
  readonly rule: TenantsConfig;
  /** The schemas that another program manages: none of them is a tenant. */
  readonly external?: readonly string[];
}

/** A protected environment, or one of its tenants: these are known by their places alone. */
export type ProtectedTarget = Target & {
  readonly isTenant?: true;
  /** The reason why its tenants are not known. */
  readonly unlisted?: string;
};

/** The person who runs pgmage. */
export interface Author {
  /** The operating system's user. */
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  /** The commit that is checked out. */
  readonly gitCommit: string | null;
}

/** The effects that an operation may have besides files and databases. */
export interface World {
  /**
   * Finds an environment by name, the default one where no name is given.
   * @param way `unlisted`: one that has tenants, or is one of them, is the database that lists these: it is
   * found without their list, so no database is asked
   * @throws Problem `unknown_environment`, `several_tenants`
   */
  environment(name?: string, way?: 'unlisted'): Promise<Target>;
  /** The tenants of an environment; null: it is one database. Left out: each is. */
  tenants?(name?: string): Promise<TenantsPlace | null>;
  /** The names of the environments that are configured, or have a dotenv file; left out: not known. */
  environmentNames?(): Promise<string[]>;
  /** The protected environments whose URL can be found; left out where there are none. */
  protectedEnvironments?(): Promise<ProtectedTarget[]>;
  /** The clock. */
  now(): Date;
  /** Waits; left out: as long as is asked for. */
  pause?(milliseconds: number): Promise<void>;
  /** Shows the user a line about long work, e.g. `Preparing the shadow database`; without an end of line. */
  progress(message: string): void;
  /** Shows the user a line that needs attention, once; left out: it is not shown. */
  note?(message: string): void;
  /** Shows what only `--verbose` asks for, e.g. the shadow that was chosen; left out: it is not asked for. */
  detail?(message: string): void;
  /** Draws the progress of long work over the previous one; left out where there is no terminal. */
  pace?(pace: CopyProgress): void;
  /**
   * Is called as the last work of the transaction that replaces or changes the data of a target. A throw
   * rolls it back. Left out: the transaction commits without it.
   */
  beforeCommit?(connection: Connection): Promise<void>;
  /** Finds the person who runs pgmage, for the audit; left out: only the database's role is known. */
  author?(): Promise<Author>;
  /**
   * Runs the command that the configuration wants after a sync; left out where it wants none.
   * @throws Problem `hook_failed`
   */
  afterSync?(): Promise<void>;
  /**
   * Registers the end of work that has no end of its own: Ctrl-C ends the work instead of the process, which
   * then finishes as usual. Gives the way to forget it again. Left out: interrupts are not handled.
   */
  onStop?(stop: () => void): () => void;
  /**
   * Registers work that undoes an effect outside of this process when it is interrupted, and gives the
   * function that removes it again. A text that it returns is shown: the state that remains. Left out:
   * interrupts are not handled.
   */
  onInterrupt?(undo: () => Promise<unknown>): () => void;
}
