// Conversion of values to text by the output functions of their types. A cast to text can be user-defined: it
// would run with the reader's rights, and could give one text for different values.

/**
 * SQL for whether casts from a type are the system's own: its name is of the system, or that of the type that
 * its domain is over. For others only the system's roles could make casts.
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
 * The text of a value of any type. The system's own casts print some types differently (char without its
 * blanks), and earlier backups have digests of that text, so this is for all other types. It distinguishes
 * null from a row of nulls.
 */
export const outputText = (expression: string) =>
  `(case when pg_catalog.num_nulls(${expression}) = 0 then pg_catalog.concat(${expression}) end)`;
