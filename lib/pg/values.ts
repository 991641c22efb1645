// How values become texts: by their types' output functions. A cast to text could be one that the database's owner has made:
// it would run as the reader, and could give one text for different values.

/**
 * SQL for whether casts from a type are the system's own: its name is of the system, or that of the type that its domain is
 * over. For others only the system's roles could make casts.
 * @param type an alias of pg_type
 */
export const isSystems = (type: string) => `(case when ${type}.typtype <> 'd'
  then ${type}.typnamespace = 'pg_catalog'::regnamespace
  else (with recursive bases as (select ${type}.typbasetype as oid
      union all select y.typbasetype from bases b join pg_type y on y.oid = b.oid where y.typtype = 'd')
    select bool_or(y.typnamespace = 'pg_catalog'::regnamespace) from bases b join pg_type y on y.oid = b.oid
      where y.typtype <> 'd') end)`;

/** A value of a type of the system as its text. */
export const systemText = (expression: string) => `(${expression})::pg_catalog.text`;

/**
 * A value of any type as its text. The system's own casts write some types otherwise (char without its blanks), and earlier
 * backups have digests of these: so this is for all other types. It tells null from a row of nulls.
 */
export const outputText = (expression: string) =>
  `(case when pg_catalog.num_nulls(${expression}) = 0 then pg_catalog.concat(${expression}) end)`;
