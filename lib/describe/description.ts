// A database as documents and type files need it: relations, types and routines as plain data.

/** The path of an object in a schema. */
export type ObjectPath = readonly [schema: string, name: string];

/** The privileges of one role on an object; owners, who have all, are left out. */
export interface DescribedGrant {
  /** `PUBLIC` for all roles. */
  readonly role: string;
  readonly privileges: readonly string[];
}

/** One column of a relation, or one attribute of a composite type. */
export interface DescribedColumn {
  readonly name: string;
  /** The OID of its type, see {@link Description.values}. */
  readonly type: string;
  /** Its type as SQL. */
  readonly typeText: string;
  /** True if the server refuses a new row with NULL. */
  readonly required: boolean;
  /** True if rows may hold NULL: the column of a view always may, because the server does not say. */
  readonly nullable: boolean;
  readonly default: string | null;
  readonly identity: 'always' | 'by default' | null;
  /** True if the server computes it. */
  readonly generated: boolean;
  /** The declared number of dimensions of an array; 0: none is declared. */
  readonly dimensions: number;
  readonly comment: string | null;
  readonly grants: readonly DescribedGrant[];
}

/** One constraint of a table, but no NOT NULL. */
export interface DescribedConstraint {
  readonly name: string;
  readonly sort: 'primary' | 'unique' | 'exclusion' | 'check' | 'foreign';
  readonly columns: readonly string[];
  readonly definition: string;
  /** The table that a foreign key references; null for others. */
  readonly references: ObjectPath | null;
  readonly comment: string | null;
}

/** An index without a constraint, or a trigger. */
export interface DescribedPart {
  readonly name: string;
  /** The statement that creates it. */
  readonly definition: string;
  readonly comment: string | null;
}

/** One policy of row security. */
export interface DescribedPolicy {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: string;
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
  readonly comment: string | null;
}

/** A table or a view of any sort. */
export interface DescribedRelation {
  readonly path: ObjectPath;
  readonly sort: 'table' | 'foreign table' | 'view' | 'materialized view';
  readonly comment: string | null;
  readonly owner: string;
  /** `LIST (region)`; null: it is not partitioned. */
  readonly partitionKey: string | null;
  /** The table that it is a partition of. */
  readonly partitionOf: ObjectPath | null;
  readonly rowSecurity: boolean;
  readonly columns: readonly DescribedColumn[];
  readonly constraints: readonly DescribedConstraint[];
  readonly indexes: readonly DescribedPart[];
  readonly triggers: readonly DescribedPart[];
  readonly policies: readonly DescribedPolicy[];
  readonly grants: readonly DescribedGrant[];
}

/** A type that the user made. */
export interface DescribedType {
  readonly path: ObjectPath;
  readonly oid: string;
  readonly sort: 'enum' | 'composite' | 'domain' | 'range';
  readonly comment: string | null;
  readonly labels: readonly string[];
  readonly attributes: readonly DescribedColumn[];
  /** The type under a domain or a range, as SQL. */
  readonly base: string | null;
  readonly default: string | null;
  readonly notNull: boolean;
  readonly checks: readonly string[];
  /** Of PUBLIC, too, which may use a type unless that was revoked. */
  readonly grants: readonly DescribedGrant[];
}

/** An input of a function, or a column of its result. */
export interface DescribedArgument {
  /** Empty where it has none. */
  readonly name: string;
  readonly type: string;
}

/** A function, procedure or aggregate. */
export interface DescribedRoutine {
  readonly path: ObjectPath;
  /** Its input types, which tell it from others of its name. */
  readonly signature: string;
  readonly sort: 'function' | 'procedure' | 'aggregate' | 'window function';
  /** Its arguments as SQL, with names and defaults. */
  readonly argumentText: string;
  /** Its result as SQL; null for a procedure. */
  readonly resultText: string | null;
  readonly language: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly securityDefiner: boolean;
  readonly comment: string | null;
  readonly owner: string;
  readonly grants: readonly DescribedGrant[];
  readonly inputs: readonly DescribedArgument[];
  /** The number of inputs at the end that may be left out. */
  readonly defaults: number;
  readonly variadic: boolean;
  readonly returnsSet: boolean;
  /** The columns of `select * from f()`; null: the caller names them. */
  readonly outputs: readonly DescribedArgument[] | null;
  /** True if only triggers can call it. */
  readonly isTrigger: boolean;
}

/** A sequence that no column owns. */
export interface DescribedSequence {
  readonly path: ObjectPath;
  readonly typeText: string;
  readonly comment: string | null;
  readonly grants: readonly DescribedGrant[];
}

/** A schema. */
export interface DescribedSchema {
  readonly name: string;
  readonly comment: string | null;
  readonly owner: string;
  readonly grants: readonly DescribedGrant[];
}

/** The facts of a type by which a client reads its values. */
export interface DescribedValueType {
  readonly path: ObjectPath;
  readonly sort: 'base' | 'array' | 'domain' | 'enum' | 'composite' | 'range' | 'pseudo';
  /** The OID of the elements of an array, or of the type under a domain. */
  readonly of: string | null;
  /** True if the user made it: it is among {@link Description.types}. */
  readonly own: boolean;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
}

/** One state of a database. Lists are in the order of names. */
export interface Description {
  /** The server's major version, e.g. 15. */
  readonly major: number;
  readonly schemas: readonly DescribedSchema[];
  readonly extensions: readonly string[];
  readonly relations: readonly DescribedRelation[];
  readonly types: readonly DescribedType[];
  readonly routines: readonly DescribedRoutine[];
  readonly sequences: readonly DescribedSequence[];
  /** By OID. */
  readonly values: ReadonlyMap<string, DescribedValueType>;
}
