// The contract of an object kind: all that pgmage knows of one kind of object is one value of this type.
import type { Catalog } from './catalog.ts';
import type { Fact, FactPath, Payload } from './fact.ts';
import type { StatementScript } from './step.ts';

/** The state that a kind may read while it writes SQL. */
export interface Scope {
  /** The state that the plan starts from. */
  readonly before: Catalog;
  /** The state that the plan ends at. */
  readonly after: Catalog;
  /** Major version of the server that will run the SQL. */
  readonly major: number;
  /** The role that will run the SQL and owns what it makes; null: unknown. */
  readonly role: string | null;
  /** True if the plan avoids long locks (see `Kind.online`). */
  readonly online: boolean;
  /** True if the plan creates the fact of this id, for the first time or again. */
  readonly makes: (id: string) => boolean;
  /** True if the plan drops the fact of this id and keeps its heirs (see `dropsAlone`). */
  readonly alone: (id: string) => boolean;
  /** All kinds by name, for kinds that point at facts of any kind (comments, grants, owners). */
  readonly kinds: Kinds;
  /** Clauses of children that the planner puts into this fact's creation, in the children's order. */
  readonly clauses: readonly Clause[];
}

/** A child's contribution to its parent's CREATE or ADD. */
export interface Clause {
  readonly fact: Fact;
  readonly sql: string;
}

/**
 * The change of one attribute: SQL that turns `from` into `to`, or `replace`: drop and create. A function may
 * also return `replace`, depending on the values. Equal statements of one fact run once, so a command that
 * changes several attributes can be returned for each of them.
 */
export type Change<P, Path extends FactPath = FactPath> =
  | 'replace'
  | ((from: Fact<P, Path>, to: Fact<P, Path>, scope: Scope) => StatementScript | 'replace');

/**
 * One PostgreSQL object kind: the core that every kind has, and groups of rules that apply to some kinds.
 */
export interface Kind<P = Payload, Path extends FactPath = FactPath> {
  /** Lower case with spaces, as PostgreSQL's manual calls it: `foreign key`. Ids begin with it. */
  readonly name: string;

  /** Its name in COMMENT ON and OWNER TO: `TABLE public.users`, `CONSTRAINT c ON public.t`. */
  reference(fact: Fact<P, Path>): string;

  /** Its name in GRANT, if that is not `reference` (`TABLE v` for a view). */
  securable?(fact: Fact<P, Path>): string;

  /** One line for people, in `db:status`: `INDEX idx ON users(email)`. Default: `reference`. */
  summary?(fact: Fact<P, Path>): string;

  /** The id of the fact with which a schema file prints it; left out: its parent. */
  printsUnder?(fact: Fact<P, Path>): string;

  /** The query that reads all facts of the kind; `model/introspection.ts` says which columns it returns. */
  introspect(major: number): string;

  /**
   * A cheap condition without which `introspect` finds nothing; those of all kinds are one query. Most of the
   * time to read a small database goes into planning the queries of kinds that it does not use.
   */
  readonly present?: string;

  /** Facts that every new database has already (schema public). */
  readonly initial?: readonly Fact<P, Path>[];

  create(fact: Fact<P, Path>, scope: Scope): StatementScript;
  drop(fact: Fact<P, Path>, scope: Scope): StatementScript;
  readonly alter: { readonly [K in keyof P]-?: Change<P, Path> };

  /**
   * Gives it the name of `to`. References to it follow if the server stores them by id and not by name. Left
   * out by kinds whose objects have no name of their own.
   */
  rename?(from: Fact<P, Path>, to: Fact<P, Path>): StatementScript;

  /** The same for names that are elements of an attribute (an enum's labels). */
  readonly renameIn?: {
    readonly [K in keyof P]?: (fact: Fact<P, Path>, from: string, to: string) => StatementScript;
  };

  /** The payload with each secret replaced by what `hide` answers: what people see, in SQL too. */
  masked?(payload: P, hide: (secret: string) => string): P;

  /**
   * Attributes that are no SQL. `path`: names, of which the first is a schema's; `plain`: words that name no
   * object. Left out by kinds whose attributes are SQL, parts of it, or names without a schema.
   */
  readonly words?: { readonly [K in keyof P]?: 'path' | 'plain' };

  /** SQL that the server keeps only as text (a routine's body): pg_depend does not have the names in it. */
  opaque?(fact: Fact<P, Path>): string;

  readonly inline?: InlineRules<P, Path>;
  readonly order?: OrderRules<P, Path>;
  readonly data?: DataRules<P, Path>;
  readonly online?: OnlineRules<P, Path>;
  readonly reconcile?: ReconcileRules<P, Path>;
}

/** The rules for a fact that another fact's statement creates. */
export interface InlineRules<P, Path extends FactPath = FactPath> {
  /**
   * The clause with which the parent's creation can carry this fact; null: it needs a statement of its own;
   * empty: the parent's creation makes it without a clause (inherited columns).
   */
  clause?(fact: Fact<P, Path>, scope: Scope): string | null;

  /** The payload that the clause creates, if it is not the whole payload; the planner alters the rest. */
  carried?(fact: Fact<P, Path>, scope: Scope): P;
  /** The parent can't be created without this fact's clause (a partitioned table without its key columns). */
  readonly inseparable?: boolean;

  /** The id of the fact whose creation makes this one too, exactly as it is wanted; null: none does. */
  madeBy?(fact: Fact<P, Path>, scope: Scope): string | null;

  /** Facts that the server makes with `created` while `fact` is in force (default privileges' grants). */
  brings?(fact: Fact<P, Path>, created: Fact, scope: Scope): readonly Fact[];
}

/** The rules of a fact for the order of steps, beyond pg_depend. */
export interface OrderRules<P, Path extends FactPath = FactPath> {
  /** Order among steps that could run at the same time, default 0: larger is made later, dropped earlier. */
  readonly rank?: number | ((fact: Fact<P, Path>) => number);
  /** Facts that the server may want for its statement, which it notes nowhere (the right of a new owner). */
  allowedBy?(fact: Fact<P, Path>, catalog: Catalog): readonly string[];
  /** Names that one object can have at a time, across kinds (`relation public.users`): the old goes first. */
  slots?(fact: Fact<P, Path>): readonly string[];
  /** Attributes that the server refuses to change while others depend on it: these are rebuilt around it. */
  readonly blockedByDependents?: readonly (keyof P)[];
  /** It stays while a fact that it needs changes in a blocked attribute (the server rebuilds it itself). */
  readonly followsChanges?: boolean;

  /**
   * The server can drop it and leave its inherited parts to the heirs as their own (`ONLY`). Parts inherited
   * from others go with them, and are created again where they stay.
   */
  dropsAlone?(fact: Fact<P, Path>, scope: Scope): boolean;

  /** Attributes whose change on an origin reaches its heirs (a column's type, down to the partitions). */
  readonly recurses?: readonly (keyof P)[];
  /** Attributes that only an origin's command changes while it is inherited, to the origin's own value. */
  readonly detached?: readonly (keyof P)[];
  /** No command takes it away alone: its parent is rebuilt (an index's attachment to a partitioned index). */
  readonly inseverable?: boolean | ((fact: Fact<P, Path>, scope: Scope) => boolean);
  /** No command adds it or moves it by `retarget`: its parent is replaced (for a partition key's column). */
  refused?(fact: Fact<P, Path>, scope: Scope): boolean;
  /** True if SQL of a fact with the needs `theirs` may use it, which the server does not note (a cast). */
  usedBy?(own: ReadonlyMap<string, unknown>, theirs: ReadonlyMap<string, unknown>): boolean;
  /** The quoted schemas of what it takes along in a change, which comes first and renames it in all SQL. */
  moves?(from: Fact<P, Path>, to: Fact<P, Path>): readonly [from: string, to: string] | null;
  /** No change of an attribute detaches it from its dependency: both are replaced (a foreign key's key). */
  readonly bound?: boolean;
  /** The linked object is usable once all such links exist (a partitioned index that others refer to). */
  readonly completes?: boolean;

  /**
   * The server links facts of this kind along with their parents, and takes the first that fits: those that
   * must not be linked are made afterwards (a partition's own index that equals one of its parent's). Facts
   * of one parent fit each other's places where this answers the same; then each is linked by a statement of
   * its own.
   */
  mistakable?(fact: Fact<P, Path>): string;

  /** A fact with another link of this kind gets the new one before the old one goes, where that works. */
  readonly overlaps?: boolean;
  /** The attribute whose change moves it, with its data, to a successor of its dependency (column's type). */
  readonly retarget?: keyof P;

  /**
   * Instead of being dropped before its successor is created, it is renamed and set aside, so that facts with
   * data can move over by their `retarget`; `finish` drops it afterwards.
   */
  readonly aside?: {
    rename(fact: Fact<P, Path>, scope: Scope): StatementScript;
    finish(fact: Fact<P, Path>, scope: Scope): StatementScript;
  };

  /**
   * Breaks a cycle of dependencies (views that read each other): it is created in the same shape without any
   * dependency, and filled once all of its dependencies exist; or it is emptied in this way before they go.
   */
  readonly placeholder?: {
    create(fact: Fact<P, Path>, scope: Scope): StatementScript;
    fill(fact: Fact<P, Path>, scope: Scope): StatementScript;
    empty(fact: Fact<P, Path>, scope: Scope): StatementScript;
  };
}

/** The relation between a fact and the rows of the database, for copies and backups. */
export interface DataRules<P, Path extends FactPath = FactPath> {
  /** It holds rows or values: never rebuilt because of something it needs, and its drop deletes data. */
  holdsData?(fact: Fact<P, Path>): boolean;

  /**
   * True if it is created after the rows when a whole database is created and filled: objects that are built
   * from rows, cost each of them, act on them, or restrict the roles that may write them. All that depend on
   * it follow. Default: before.
   */
  readonly afterRows?: boolean | ((fact: Fact<P, Path>, catalog: Catalog) => boolean);

  /**
   * Its creation calls functions for existing rows with the rights of the role that creates it: where a whole
   * database is made, the owner of its parent does that. A text is the statement that calls them once it was
   * made NOT VALID.
   */
  readonly callsFunctions?: boolean | ((fact: Fact<P, Path>, catalog: Catalog) => boolean | string);
  /** It checks or acts on each row that is written: dropped and made again where all rows are replaced. */
  readonly watchesRows?: boolean | ((fact: Fact<P, Path>) => boolean);
  /** It runs a function, and the server does not know the objects that this uses. */
  readonly firesFunction?: boolean;
  /** It is about rows: fingerprints leave it out, and where rows are replaced it is made again. */
  readonly ofRows?: boolean;
  /** True if it belongs to the database, not its schema: copies and restores leave the target's as it is. */
  readonly ofDatabase?: boolean;
  /** True if it sets the owner of an object or the privileges of a role: `--no-owner` leaves it out. */
  readonly ownership?: boolean;
  /** SQL that only some roles may run, to create one: a copy tries it beforehand, and takes it back. */
  readonly trial?: string;
  /** Why a copy of the database must not have it; null: a copy has it. */
  copyRefusal?(fact: Fact<P, Path>): string | null;
}

/**
 * Statements that block reads and writes for a short time only. Each statement of a script is committed by
 * itself. null: there is no such way for this fact; the plain statement runs.
 */
export interface OnlineRules<P, Path extends FactPath = FactPath> {
  create?(fact: Fact<P, Path>, scope: Scope): StatementScript | null;
  drop?(fact: Fact<P, Path>, scope: Scope): StatementScript | null;
  /** Instead of dropping and creating: what both promise holds throughout. */
  replace?(from: Fact<P, Path>, to: Fact<P, Path>, scope: Scope): StatementScript | null;
  readonly alter?: {
    readonly [K in keyof P]?: (
      from: Fact<P, Path>,
      to: Fact<P, Path>,
      scope: Scope,
    ) => StatementScript | null;
  };
}

/**
 * The rules that make facts of two databases comparable: versions, roles, and parts that a schema file leaves
 * out. See `settle`.
 */
export interface ReconcileRules<P, Path extends FactPath = FactPath> {
  /** Attributes that are lists whose order means nothing; the server keeps it as it was given. */
  readonly unordered?: readonly (keyof P)[];
  /** Attributes that are neither compared nor in fingerprints: facts that only the statements need. */
  readonly uncompared?: readonly (keyof P)[];
  /**
   * Attributes that an earlier release did not read. They are in fingerprints only where they are not null,
   * so that the fingerprints of that release stay.
   */
  readonly laterAttributes?: readonly (keyof P)[];
  /** The payload as an older server would return it: without attributes that its version does not know. */
  atVersion?(payload: P, major: number): P;
  /** The payload as it is read today, of one that an earlier release wrote (native backup); null: none. */
  upgraded?(payload: P, fact: Fact): P | null;
  /** True if it is compared only where it is written (an owner); a `side` without it takes the other's. */
  optional?(fact: Fact<P, Path>, side: Catalog): boolean;
  /**
   * Ids of its facts that SQL may make in bodies, which may not run or hide an error: where files contain
   * such SQL, these facts and their parts are as the other side has them.
   */
  mayMake?(text: string): readonly string[];
  /** The server's default for an optional fact; null: there is none. Left out: unknown. */
  unsaid?(fact: Fact<P, Path>): Fact<P, Path> | null;
  /** The same fact with `role` instead of the shadow's role. */
  standIn?(fact: Fact<P, Path>, role: string): Fact<P, Path>;

  /**
   * The fact once the owners are known (a grant to the owner is part of the owner's privileges), with the
   * other side's value where this one leaves it open; null: no fact. Facts that become one must become equal.
   */
  settled?(fact: Fact<P, Path>, known: KnownOwners): Fact<P, Path> | null;
}

/** Both sides of a comparison. */
export interface KnownOwners {
  readonly catalog: Catalog;
  readonly other: Catalog;
  /** The owner of objects without a known owner. */
  readonly role: string | null;
  readonly kinds: Kinds;
}

/** A kind whose payload type does not matter, as the planner sees it. */
// biome-ignore lint/suspicious/noExplicitAny: a list of kinds mixes payload types that only their files know
export type AnyKind = Kind<any, any>;

/** The kinds by name. */
export type Kinds = ReadonlyMap<string, AnyKind>;
