// A project: its paths and its configuration, as plain data.
import type { SchemaCommand } from '../config/config.ts';
import type { DataConfig } from '../config/data.ts';
import type { PolicyConfig } from '../config/policy.ts';
import type { ServeConfig } from '../config/serve.ts';
import type { Layout } from '../migration/layouts.ts';

/** One source of the wanted schema. */
export type SchemaSource = { readonly path: string } | SchemaCommand;

/** The paths and the configuration of a project. All paths are absolute. */
export interface Project {
  /** The project's folder: relative paths are resolved against it. */
  readonly root: string;
  /** The wanted schema: a `.sql` file or a folder of them; the name of `schemaSources` where these are. */
  readonly schema: string;
  /** The sources of the wanted schema, where it is not one file or folder. */
  readonly schemaSources?: readonly SchemaSource[];
  /** The folder of migration files. */
  readonly migrations: string;
  /**
   * Files, folders and patterns of queries that are to compile against the wanted schema, relative to `root`.
   */
  readonly queries?: readonly string[];
  /** The tool whose migration files the folder holds, where they are not pgmage's own. */
  readonly layout?: Layout;
  /**
   * The folder of derived files that may be deleted: the shadow's template, catalogs that were read before.
   */
  readonly cacheDir: string;
  /** Data directory of the embedded database, used where an environment has no URL. */
  readonly embedded: string;
  /**
   * Where shadow databases are: the URL of a server; `native`: a private server from PostgreSQL's programs on
   * this machine; `auto`: that where it is possible, else as null: PostgreSQL inside this process.
   */
  readonly shadow: string | null;
  /**
   * True if definitions that were read from databases may run there with a superuser's rights; default:
   * false.
   */
  readonly shadowSuperuser?: boolean;
  /** Names that every comparison leaves out: schemas, and qualified names with or without their kind. */
  readonly ignore?: { readonly schemas: readonly string[]; readonly objects: readonly string[] };
  /** Schemas that another program manages, by their names, and the files or folders that create them. */
  readonly external?: Readonly<Record<string, string>>;
  /** True if plans avoid long locks, even with more than one transaction; default: true. */
  readonly online?: boolean;
  /**
   * Milliseconds that a migration waits for a lock before it tries again; 0: without limit. Default: 3000.
   */
  readonly lockTimeout?: number;
  /** Milliseconds without a byte from a server, after which pgmage asks it about the session; 0: never. */
  readonly stallTimeout?: number;
  /** Masks of columns in clones: `users.email` → SQL, or `@email`. */
  readonly masks?: Readonly<Record<string, string>>;
  /** The rows of two databases that the tasks `data:*` compare. */
  readonly data?: DataConfig;
  /** The costs of statements that are allowed, and the rules of the schema. */
  readonly policy?: PolicyConfig;
  /** The settings of the service. */
  readonly serve?: ServeConfig;
  /** Version of pgmage: part of the keys of cached catalogs. */
  readonly version: string;
}

/** The value of the option `--shadow` as a project has it. */
export function resolveShadow(given: string): string | null {
  return given === 'embedded' ? null : given;
}

/** True if the shadow is of pgmage's own making, not on a server that the user names. */
export function isOwnShadow(shadow: string | null): boolean {
  return shadow === null || shadow === 'native' || shadow === 'auto';
}
