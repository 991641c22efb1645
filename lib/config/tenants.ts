// The tenants of an environment: many databases, or schemas of one, that are made by the same SQL.

/** The tenants of an environment: by `each`, by `databases` or by `schemas`. */
export interface TenantsConfig {
  /**
   * A query that lists the tenants. It runs on the environment's own database, and gives a column `url` or
   * `database`, and `name`, which is otherwise the name of the database.
   */
  readonly each?: string;
  /** The tenants are the databases of its server with such names: `tenant_*`. `*` matches any characters. */
  readonly databases?: string;
  /**
   * The tenants are schemas of its database: `tenant_*`, or a list of names and patterns. `schema.sql` and
   * migrations are written for the schema `public`.
   */
  readonly schemas?: string | readonly string[];
  /** Names and patterns of databases or schemas that are no tenants, such as `shop_old`. */
  readonly except?: string | readonly string[];
  /** The name of the tenant that is changed before all others; default: the first one. */
  readonly canary?: string;
}
