// The types between the parts of data sync: tables of each side, pairs of tables, and rows that differ.
import type { PairSince } from './since-shape.ts';

/** The same thing of the source (`from`) and of the target (`to`). */
export interface BothSides<T> {
  readonly from: T;
  readonly to: T;
}

/** One column, as its server describes it. */
export interface ColumnShape {
  /** Unquoted. */
  readonly name: string;
  /** As format_type writes it, with its length or precision. */
  readonly type: string;
  /** The same of the type that its domain is over; equal to `type` where that is not a domain. */
  readonly plain: string;
  /** The name of the type `plain` on both databases: `vector (extension vector)` in any schema. */
  readonly known: string;
  /** True if `plain` is a built-in type. */
  readonly isSystem: boolean;
  /** The hash rule for values of `plain` (`hashRule` in `pg/row-hash.ts`). */
  readonly rule: string;
  /** The labels of an enum. */
  readonly labels: readonly string[] | null;
  readonly notNull: boolean;
  /** A default, or an identity. */
  readonly hasDefault: boolean;
  readonly identity: '' | 'always' | 'by default';
  /** True if the server takes two values for equal only if their bytes are. */
  readonly isExact: boolean;
  /** The expression of a generated column. */
  readonly generated: string | null;
}

/** A unique index or an exclusion constraint (manual: catalogs pg_index and pg_constraint). */
export interface UniqueShape {
  /** The name of the index; a constraint has the same name. */
  readonly name: string;
  readonly is: 'primary key' | 'unique' | 'exclusion' | 'unique index';
  /** The columns that are unique together, unquoted; null: it has expressions. */
  readonly columns: readonly string[] | null;
  /** True if it applies to some rows only. */
  readonly partial: boolean;
  /** True if two rows cannot both have null there: no column is nullable, or NULLS NOT DISTINCT. */
  readonly isKey: boolean;
  readonly nullsNotDistinct: boolean;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  /** As pg_get_constraintdef or pg_get_indexdef writes it. */
  readonly definition: string;
}

/** The action of a foreign key when its referenced row changes (manual: CREATE TABLE, "REFERENCES"). */
export type ReferentialAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

/** A foreign key of a table that is not a partition. */
export interface ForeignKeyShape {
  readonly name: string;
  /** Qualified and quoted names of both tables. */
  readonly table: string;
  readonly refersTo: string;
  readonly columns: readonly string[];
  readonly referred: readonly string[];
  readonly onUpdate: ReferentialAction;
  readonly onDelete: ReferentialAction;
  /** The columns of ON DELETE SET NULL (…); empty: all. */
  readonly onDeleteColumns: readonly string[];
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
}

/** A trigger of the user's own. */
export interface TriggerShape {
  readonly name: string;
  /** The table or partition that it is on, qualified and quoted. */
  readonly table: string;
  /** pg_trigger.tgenabled. */
  readonly state: 'enabled' | 'disabled' | 'replica' | 'always';
}

/** One table that is not a partition. */
export interface TableShape {
  /** Qualified and quoted. */
  readonly name: string;
  readonly path: readonly [schema: string, name: string];
  readonly isPartitioned: boolean;
  /** Partitions that are foreign tables. */
  readonly foreignPartitions: readonly string[];
  /** The server's estimate for it and its partitions. */
  readonly rows: number;
  readonly bytes: number;
  /** The extension, and the user's own rows; null: no extension's. */
  readonly extension: { readonly name: string; readonly condition: string } | null;
  /** An unlogged table of a standby, which has none of its rows. */
  readonly isAbsent: boolean;
  readonly columns: readonly ColumnShape[];
  readonly uniques: readonly UniqueShape[];
  /** The names of unique indexes of its partitions. */
  readonly partUniques: readonly string[];
  readonly triggers: readonly TriggerShape[];
  /** Rules for INSERT, UPDATE, DELETE. */
  readonly rules: readonly string[];
  /** Columns of the partition keys of it and its partitions, unquoted; `null` stands for an expression. */
  readonly partitionKey: readonly (string | null)[];
  /**
   * Sentences on functions of other roles that run with the reader's rights while a query on the table is
   * planned (`flow/planned-code.ts`).
   */
  readonly plannedCode: readonly string[];
  /** True if row security hides rows from the session's role. */
  readonly isHidden: boolean;
  /** The privileges of the session's role on it. */
  readonly may: {
    readonly select: boolean;
    readonly insert: boolean;
    readonly update: boolean;
    readonly delete: boolean;
    /** It has the rights of the owner. */
    readonly own: boolean;
  };
}

/** The tables of one database. */
export interface DatabaseShape {
  /** By qualified and quoted name. */
  readonly tables: ReadonlyMap<string, TableShape>;
  readonly foreignKeys: readonly ForeignKeyShape[];
  readonly encoding: string;
  readonly major: number;
  readonly isStandby: boolean;
  /** The server's own implicit and assignment casts, as `integer bigint`. */
  readonly casts: ReadonlySet<string>;
  /** True if another role, not a superuser, created casts: they would run with the session's rights. */
  readonly hasForeignCasts: boolean;
  /** True if the session's role can create temporary tables. */
  readonly mayMakeTemporary: boolean;
  /** True if it can create tables in the schema pgmage, or that schema. */
  readonly mayMakeStages: boolean;
  /** The extension that computes a UUID from a text; null: the database has none. */
  readonly uuidFrom: UuidExtension | null;
}

/** The place of the rows of one side of a pair. */
export interface PairSide {
  readonly table: TableShape;
  /** The FROM list: the table has the alias t; an id mapping can be joined to it. */
  readonly from: string;
  /** An SQL condition; empty: all rows. */
  readonly where: string;
}

/** The new ids that a column of the target takes. */
export interface NewIds {
  /** The target's table that has these ids, qualified and quoted. */
  readonly of: string;
  /** The column over t, and its type. */
  readonly value: string;
  readonly type: string;
  /** A query for `pgmage_old` and `pgmage_new`. */
  readonly select: string;
}

/** The way in which rows get new ids. */
export type AllottedIds = {
  /** The column of the pair with the old id. */
  readonly column: string;
  /** SQL for a new id. */
  readonly make: string;
} & (
  | {
      readonly is: 'table';
      /** As `NewIds` has it. */
      readonly select: string;
      readonly mapping: {
        readonly table: string;
        readonly where: Readonly<Record<string, string>>;
        readonly old: string;
        readonly new: string;
        /** An SQL condition over m for the rows of this table; null: they stay when its rows are deleted. */
        readonly deleted: string | null;
        /** The type of new ids, where the mapping refers to the rows; null: it does not. */
        readonly staged: string | null;
      };
    }
  /** `id`: the target's column that takes it. */
  | { readonly is: 'column'; readonly id: string; readonly type: string }
);

/** A column of the target and its source. */
export interface ColumnPair {
  /** The target's column. */
  readonly name: string;
  /** Its type, with its length or precision. */
  readonly type: string;
  /** SQL over t for the value that the column takes. COPY writes it, so that no cast of a user runs. */
  readonly value: BothSides<string>;
  /** SQL over t for the hashed value. */
  readonly hash: BothSides<string>;
  /** The new ids of a column that is compared by the old ones. */
  readonly written?: NewIds;
}

/** Values of the source that a column of the target does not take. */
export interface FitCheck {
  readonly column: string;
  readonly type: string;
  /** An SQL condition over t that is true of them. */
  readonly unfit: string;
  /** SQL over t for their text. */
  readonly text: string;
}

/** An extension that computes UUIDs of version 5, or the SHA-1 that they are made of. */
export interface UuidExtension {
  readonly name: 'uuid-ossp' | 'pgcrypto';
  readonly schema: string;
}

/** SQL of the configuration, which the server may not understand, or not compute for every row. */
export interface ConfiguredSql {
  /** The place in the configuration: `data.tables['public.users'].where`; the name of a mask. */
  readonly place: string;
  readonly isMask: boolean;
  readonly side: keyof BothSides<unknown>;
  /** An expression over t. */
  readonly sql: string;
}

/** The ids of a pair whose target has others than the source. */
export interface PairIds {
  /** A query for the number of the target's rows without an old id, as `rows`. */
  readonly unmapped: string;
  /** A query for the first thousand of their ids, as `id`. */
  readonly unmappedIds: string;
  /** Null: the rows get no new ids. */
  readonly allotted: AllottedIds | null;
  /** The table of the mapping; null: there is none. */
  readonly mapping: TableShape | null;
  /** Queries that return a value which the mapping has twice. */
  readonly checks: readonly { readonly what: string; readonly sql: string }[];
}

/** Two tables that are compared. */
export interface TablePair extends BothSides<PairSide> {
  /** All columns that are compared and written. */
  readonly columns: readonly ColumnPair[];
  /** The key that identifies a row on both sides; empty: rows have no key, and are counted by their hash. */
  readonly key: readonly ColumnPair[];
  /** `primary key (id)`, for people. */
  readonly keyText: string;
  /** The checks of the source's rows before anything else is read of them. */
  readonly fitChecks: readonly FitCheck[];
  /** Tried before anything else is read. */
  readonly configured: readonly ConfiguredSql[];
  /** Null: the ids are equal on both sides. */
  readonly ids: PairIds | null;
  /** On the sides where nothing guarantees that the key is unique, it is checked. */
  readonly uncheckedKey: BothSides<boolean>;
  /**
   * SQL over t for the one key column, where it is an integer with an index on both sides: the index reads
   * ranges of it. Null for every other key.
   */
  readonly range: BothSides<string> | null;
  /** Null: all rows are compared. */
  readonly since: PairSince | null;
}

/** The result of pairing a table or column. */
export interface PairingNote {
  readonly verdict: 'carried' | 'converted' | 'skipped' | 'refused';
  /** `public.users` or `public.users.name`, of the target where it has it. */
  readonly what: string;
  readonly reason: string;
  /** True if the source has rows or values that the target cannot hold. */
  readonly isLeftOut?: boolean;
  /** The action that a refusal forbids: to compare the rows, to write any, or to insert new ones. */
  readonly forbids?: 'comparing' | 'writing' | 'inserting';
}

/** The kind of difference of one row. */
export type RowDifferenceKind = 'missing' | 'changed' | 'extra';

/** One row that differs, as the second pass finds it. */
export interface RowDifference {
  readonly kind: RowDifferenceKind;
  /** Values of the key as COPY writes them in text format, with tabs between; empty where there is no key. */
  readonly key: string;
  /** `tableoid ctid` of the row in the source; null of an extra one. */
  readonly from: string | null;
  /** `tableoid ctid` of the row in the target; null of a missing one. */
  readonly to: string | null;
  /** The target's row hash; null of a missing one. */
  readonly old: string | null;
  /** The number of equal rows: 1, unless there is no key. */
  readonly copies: number;
}

/** The number of different rows. */
export type DifferenceCounts = Readonly<Record<RowDifferenceKind, number>>;
