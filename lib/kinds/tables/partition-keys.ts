// The partition key of a partitioned table.

/** SQL for the key of the table `c`, `RANGE (at)`; null where it is not partitioned. */
export const partitionKey = `case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end`;

/**
 * SQL for the columns that the key names, also in expressions, with type and collation, which no command
 * changes while they are in a key. They depend on their table as a whole (source: StorePartitionKey in
 * heap.c).
 */
export const keyColumns = `case when c.relkind <> 'p' then '{}' else array(
        select concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        nullif(a.attcollation, 0)::regcollation)
        from pg_depend d join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid > 0
          and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = 0
          and d.deptype = 'i'
        order by a.attname) end`;
