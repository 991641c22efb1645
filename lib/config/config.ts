// The configuration of a project in pgmage.config.ts. Every field is optional.
import type { LayoutName } from '../migration/layouts.ts';
import type { DataConfig } from './data.ts';
import type { PolicyConfig } from './policy.ts';
import type { RailwayConfig } from './railway.ts';
import type { ServeConfig } from './serve.ts';
import type { TenantsConfig } from './tenants.ts';

/**
 * The place of one environment's database. The first one that is set counts: `url`, `railway`, `command`, the
 * variable, the dotenv files, `embedded`.
 */
export interface EnvironmentConfig extends TenantsConfig {
  /** A `postgres://` URL. Passwords are better kept out of a file that is committed. */
  readonly url?: string;
  /**
   * The variable that holds the URL; default `DATABASE_URL`. Named here, the process's own variables are read
   * too.
   */
  readonly variable?: string;
  /**
   * Dotenv files, the first that holds the variable wins; default: the usual ones of that name
   * (`.env.production`).
   */
  readonly dotenv?: string | readonly string[];
  /**
   * A command that prints a JSON object with the variable in it: `railway variables --json`. A string is run
   * by the shell.
   */
  readonly command?: string | readonly string[];
  /**
   * A database of Railway, of which its client is asked: the service, its environment, the variable with the
   * URL.
   */
  readonly railway?: RailwayConfig;
  /**
   * The embedded database, where no URL is found. Commands that write need it, or the environment's name,
   * where there is no terminal to ask on. Default: `local` falls back to the embedded database while it is
   * not configured.
   */
  readonly embedded?: boolean;
  /** Nothing writes to it without its name on the command line. Default: true for `prod` and `production`. */
  readonly protected?: boolean;
}

/** The result of one task, for `hooks.after`. */
export interface TaskEvent {
  /** The task's name, e.g. `db:status`. */
  readonly task: string;
  /** The exit code it asks for: 0, 1 or 2. */
  readonly code: number;
  /** The facts that `--json` prints; undefined where there are none. */
  readonly facts: unknown;
}

/** The failure of one task, for `hooks.failed`. */
export interface FailureEvent {
  /** The task's name, e.g. `db:clone`. */
  readonly task: string;
  /** Its code, words and hint. */
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string };
}

/** A command that prints the wanted schema, or a part of it, as SQL. */
export interface SchemaCommand {
  /**
   * The program and its arguments, run in the folder of the project without a shell:
   * `['npx', 'drizzle-kit', 'export']`. It prints SQL on standard output.
   */
  readonly command: readonly string[];
  /** Milliseconds that it may take; default 60000. */
  readonly timeout?: number;
  /** The files and folders after whose change `db:watch` runs it again; default: none. */
  readonly watch?: string | readonly string[];
}

/** The whole configuration. */
export interface Config {
  /**
   * The wanted schema: a `.sql` file, a folder of them, a command that prints SQL, or a list of these, which
   * are read as one. Default: `schema/schema.sql`, `schema.sql` or `schema/`.
   */
  readonly schema?: string | SchemaCommand | readonly (string | SchemaCommand)[];
  /** The folder of migrations; default `migrations`. */
  readonly migrations?: string;
  /** The tool whose layout the folder has; default: by the name of the folder, else pgmage's own. */
  readonly layout?: LayoutName;
  /** The default environment; default `local`. */
  readonly environment?: string;
  /** Environments by name; a string is a URL. */
  readonly environments?: Readonly<Record<string, string | EnvironmentConfig>>;
  /** The objects that every comparison ignores. `*` matches any characters. */
  readonly ignore?: {
    /** Names of schemas: `cron`, `pgmq_*`. */
    readonly schemas?: readonly string[];
    /**
     * Qualified names, with or without their kind: `public.spatial_ref_sys`, `extension:pg_stat_statements`.
     */
    readonly objects?: readonly string[];
  };
  /**
   * Schemas that another program manages and the wanted schema refers to, by their names: the `.sql` file or
   * the folder that creates them. The shadow loads these first, and every comparison leaves the schemas out.
   */
  readonly external?: Readonly<Record<string, string>>;
  /**
   * Masks for clones, by `table.column`: an SQL expression, or one of `@null`, `@hash`, `@email`, `@name`,
   * `@phone`, `@uuid`, `@text`, `@digits`, `@year`. They apply to every clone.
   */
  readonly masks?: Readonly<Record<string, string>>;
  /** The rows that `data:diff`, `data:sync` and `data:verify` compare. */
  readonly data?: DataConfig;
  /** The costs of statements that are allowed, and the rules that `db:lint` checks. */
  readonly policy?: PolicyConfig;
  /** The settings of `pgmage serve`. */
  readonly serve?: ServeConfig;
  /**
   * Files, folders and patterns of queries that `db:verify` compiles against the schema, besides those of
   * sqlc.
   */
  readonly queries?: string | readonly string[];
  /**
   * A command that runs when `db:sync` has changed the wanted environment's schema: `sqlc generate`. A string
   * is run by the shell.
   */
  readonly afterSync?: string | readonly string[];
  /** True to avoid long locks in migrations, even if they then need several transactions; default true. */
  readonly online?: boolean;
  /**
   * Milliseconds that a migration waits for a lock before it gives way and tries again; 0: for ever. Default
   * 3000. A restore waits as long, and a backup, for which 0 and the default are 10000.
   */
  readonly lockTimeout?: number;
  /**
   * Milliseconds without a byte from a server that is waited for; 0: no limit. Then a second connection asks
   * whether the first is still there; work that only takes long goes on. Default 60000.
   */
  readonly stallTimeout?: number;
  /**
   * Where shadow databases are. `embedded`: PostgreSQL inside the process. `native`: a private server, made
   * with PostgreSQL's programs on this machine. `auto`: native where it is possible, else embedded. Or the
   * URL of a server. Default: auto.
   */
  readonly shadow?: 'embedded' | 'native' | 'auto' | (string & {});
  /**
   * Allows `shadow` to be a superuser's where definitions are read from a database: its owner's functions
   * then run with that superuser's rights. Default false.
   */
  readonly shadowSuperuser?: boolean;
  /** Called around every task of a command line; a throw fails the task. */
  readonly hooks?: {
    readonly before?: (event: { readonly task: string }) => void | Promise<void>;
    readonly after?: (event: TaskEvent) => void | Promise<void>;
    /**
     * Runs instead of `after` when a task failed, for example to remove an environment that was created for a
     * clone. A command reads the failure from the variables PGMAGE_TASK, PGMAGE_CODE, PGMAGE_MESSAGE and
     * PGMAGE_HINT; a string is run by the shell.
     */
    readonly failed?: string | readonly string[] | ((event: FailureEvent) => void | Promise<void>);
  };
}

/** Gives the configuration back unchanged: it is there so that an editor knows the type. */
export function defineConfig(config: Config): Config {
  return config;
}
