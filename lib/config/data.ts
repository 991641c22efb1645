// The part of the configuration that is about rows of two databases: the tasks data:*.

/** The place of a table's new ids beside the old ones of the source. */
export type DataIdsConfig =
  /** In a table of the target: `{ table: 'migration.id_map', old: 'legacy_id', new: 'uuid' }`. */
  | {
      readonly table: string;
      /** The rows of the mapping that are about this table: `{ entity: 'customer' }`. */
      readonly where?: Readonly<Record<string, string>>;
      readonly old: string;
      readonly new: string;
      /**
       * The mapping of a row that is deleted: it stays, so that the row gets its id again if it comes back,
       * or is deleted, too. Default: `keep`.
       */
      readonly gone?: 'keep' | 'delete';
    }
  /** In a column of the table itself. */
  | { readonly column: string }
  /** Nowhere: they follow from the old ones. */
  | { readonly derive: 'uuid_v5'; readonly namespace: string };

/** The mapping of one source table to the target. */
export interface DataTableConfig {
  /** The table of the target; default: the same name. */
  readonly to?: string;
  /**
   * The rows that take part, as an SQL condition: `tenant = 5`. A text holds for both sides. A row that
   * leaves the condition in the source is deleted in the target.
   */
  readonly where?: string | { readonly from?: string; readonly to?: string };
  /**
   * By column of the target: the source's column, an SQL expression over the source's columns, or `rounded`:
   * the target keeps fewer digits, and pgmage compares these. `{ ids: 'companies' }`: a reference to a row of
   * that table of the source, in the source's column `from`, default: of the same name.
   */
  readonly columns?: Readonly<Record<string, string | { readonly from?: string; readonly ids: string }>>;
  /** The new ids of its rows, where the target has others than the source. */
  readonly ids?: DataIdsConfig;
  /**
   * data:sync compares only rows that the source has written since the last run: those with a later time in a
   * column that every writer sets, or with a later transaction, `xmin`. It finds neither rows that the source
   * has deleted nor changes in the target, until a run compares all rows. In doubt it compares all.
   */
  readonly since?: 'xmin' | { readonly column: string };
  /** With `since`: every so many runs data:sync compares all rows. Default: 24. */
  readonly full?: number;
}

/** The rows that the tasks data:* compare. */
export interface DataConfig {
  /** The environment or URL of the source, where --from does not name one. */
  readonly from?: string;
  /** The environment or URL of the target, where --to does not name one. */
  readonly to?: string;
  /** Tables that take no part, besides those of --exclude: `log`, `audit.*`. */
  readonly exclude?: readonly string[];
  /** By table of the target: the columns that identify a row, where no key does. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** By table of the source. */
  readonly tables?: Readonly<Record<string, DataTableConfig>>;
}
