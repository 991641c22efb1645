// The contract that everything hangs on: all that pgmage knows of one kind of object is one value of this type.
import type { Catalog } from './catalog.ts';
import type { Fact, Payload } from './fact.ts';
import type { StatementScript } from './step.ts';

/** What a kind may look at while it writes SQL. */
export interface Scope {
  /** The state that the plan starts from. */
  readonly before: Catalog;
  /** The state that the plan ends at. */
  readonly after: Catalog;
  /** Major version of the server that will run the SQL. */
  readonly major: number;
  /** The role that will run the SQL, and owns what it makes; null where nobody knows. */
  readonly role: string | null;
  /** Whether the ways are taken that nobody has to wait for (see `Kind.online`). */
  readonly online: boolean;
  /** Whether the plan makes the fact of this id, for the first time or anew. */
  readonly makes: (id: string) => boolean;
  /** Whether the plan drops the fact of this id and keeps what is inherited from it (see `Kind.dropsAlone`). */
  readonly alone: (id: string) => boolean;
  /** All kinds by name, for kinds that point at facts of any kind (comments, grants, owners). */
  readonly kinds: Kinds;
  /** Clauses of children that the engine folds into this fact's creation, in the children's order (see `Kind.clause`). */
  readonly clauses: readonly Clause[];
}

/** A child's contribution to its parent's CREATE or ADD. */
export interface Clause {
  readonly fact: Fact;
  readonly sql: string;
}

/**
 * How one attribute changes: SQL that turns `from` into `to`, or `replace`: drop and create. A function may answer
 * `replace` too, when that depends on the values. Equal statements of one fact are run once, so one command
 * that carries several attributes can be returned for each of them.
 */
export type Change<P> =
  | 'replace'
  | ((from: Fact<P>, to: Fact<P>, scope: Scope) => StatementScript | 'replace');

/**
 * What is done so that nobody who reads or writes has to wait for long. The statements of a script run one by one, each
 * committed by itself. null: not possible for this fact; it is done plainly.
 */
export interface Online<P> {
  create?(fact: Fact<P>, scope: Scope): StatementScript | null;
  drop?(fact: Fact<P>, scope: Scope): StatementScript | null;
  /** Instead of dropping and creating: what is promised by both is kept throughout. */
  replace?(from: Fact<P>, to: Fact<P>, scope: Scope): StatementScript | null;
  readonly alter?: {
    readonly [K in keyof P]?: (from: Fact<P>, to: Fact<P>, scope: Scope) => StatementScript | null;
  };
}

/**
 * One PostgreSQL object kind.
 *
 * `introspect` is one query; its columns are
 * - `addresses text[]`: catalog addresses `catalog:oid:subid` (`pg_class:16402:0`), the fact's own first. Objects that
 *   depend internally (pg_depend.deptype `i`) on one of them, such as row types, need not be listed. Empty array for a
 *   fact without a catalog row of its own, or an invented one (`pg_inherits:child:parent`) that others name in `needs`.
 * - `path text[]` (unquoted, outermost first); optional `signature text`
 * - optional `parent text`: address of the fact that takes it along when dropped; where it resolves to nothing the row is
 *   left out
 * - optional `target text`, instead of `parent`, for what can sit on a fact of any kind (comments, grants): the path then
 *   continues the target's path, and the id names the target
 * - optional `origins text[]`: addresses of the facts that it is inherited from and made by
 * - optional `outlives bool`: it is defined here too, so that it stays when its origins go
 * - optional `needs text[]`: addresses that it needs although pg_depend does not say so
 * - optional `dies text[]`: addresses that it needs and with whose drop the server drops it, beyond what pg_depend says
 * - optional `edges text[]`: `'dependent>referenced'`: pg_depend rows that this fact stands for (a sequence's OWNED BY,
 *   an attached partition): the edge is then the fact's own: it needs both ends, and the ends no longer need each other
 * - optional `instead text[]`: `'dependent>referenced'`: pg_depend rows in which this fact stands for the referenced one:
 *   the dependent needs this fact, and is dropped with it (a base type's own functions)
 * - optional `position int`
 * - every other column is an attribute of the payload.
 * Objects of the system and members of extensions must not be returned: see `ours` in `model/introspection.ts`.
 */
export interface Kind<P = Payload> {
  /** Lower case with spaces as PostgreSQL's manual calls it: `foreign key`. Ids begin with it. */
  readonly name: string;

  /** How COMMENT ON, OWNER TO and SECURITY LABEL call it: `TABLE public.users`, `CONSTRAINT c ON public.t`. */
  reference(fact: Fact<P>): string;

  /** One line for people, in `db:status`: `INDEX idx ON users(email)`. Default: `reference`. */
  summary?(fact: Fact<P>): string;

  introspect(major: number): string;

  /**
   * A cheap condition without which `introspect` finds nothing; all kinds' are asked at once. To plan the queries of the
   * kinds that it does not use is most of what reading a small database costs.
   */
  readonly present?: string;

  create(fact: Fact<P>, scope: Scope): StatementScript;
  drop(fact: Fact<P>, scope: Scope): StatementScript;
  readonly alter: { readonly [K in keyof P]-?: Change<P> };

  /**
   * Gives it the name of `to`; what names it follows by itself, as far as the server stores that by reference. Left out
   * by kinds whose objects have no name of their own.
   */
  rename?(from: Fact<P>, to: Fact<P>): StatementScript;

  /** The same for names that are elements of an attribute (an enum's labels). */
  readonly renameIn?: {
    readonly [K in keyof P]?: (fact: Fact<P>, from: string, to: string) => StatementScript;
  };
  /** Ways that nobody has to wait for, on what is there before the plan and stays (an index built CONCURRENTLY). */
  readonly online?: Online<P>;

  /** How GRANT calls it, where that is not `reference` (`TABLE v` for a view). */
  securable?(fact: Fact<P>): string;

  /**
   * The clause with which the parent's creation can carry this fact; null: it needs a statement of its own;
   * empty: the parent's creation makes it without a word (inherited columns).
   */
  clause?(fact: Fact<P>, scope: Scope): string | null;

  /** What the clause alone makes, where that is less than the whole payload; the engine alters the rest. */
  carried?(fact: Fact<P>, scope: Scope): P;

  /** The parent can't be created without this fact's clause (a partitioned table without its key columns). */
  readonly inseparable?: boolean;

  /** It holds rows or values: never rebuilt because of something it needs, and its drop deletes data. Default: false. */
  holdsData?(fact: Fact<P>): boolean;

  /**
   * It is made once the rows are there, where a whole database is made and filled: what is built from rows, costs each of
   * them, acts on them, or restricts who may write them. So does all that needs it. Default: before.
   */
  readonly afterRows?: boolean | ((fact: Fact<P>, catalog: Catalog) => boolean);

  /**
   * To make it calls functions for the rows that are there with the rights of whoever makes it: where a whole database is
   * made, the owner of its parent does that. A text is the statement that calls them once it was made NOT VALID.
   */
  readonly callsFunctions?: boolean | ((fact: Fact<P>, catalog: Catalog) => boolean | string);

  /** It looks at each row that is written, or does something with it: it is set aside while all rows are replaced. */
  readonly watchesRows?: boolean | ((fact: Fact<P>) => boolean);

  /** It tells of rows, which no schema does: fingerprints leave it out, and where rows are replaced it is made again. */
  readonly ofRows?: boolean;

  /** Attributes that the server refuses to change while other facts depend on this one: these are rebuilt around it. */
  readonly blockedByDependents?: readonly (keyof P)[];

  /**
   * The server can drop it and leave what is inherited from it to the heirs as their own (`ONLY`). What is inherited from others
   * goes with them, and is made anew where it stays.
   */
  dropsAlone?(fact: Fact<P>, scope: Scope): boolean;

  /** Attributes whose change on an origin reaches its heirs by itself (a column's type, down to the partitions). */
  readonly recurses?: readonly (keyof P)[];

  /** No command takes it away alone: its parent has to be rebuilt (an index's attachment to a partitioned index). */
  readonly inseverable?: boolean | ((fact: Fact<P>, scope: Scope) => boolean);

  /** No change of an attribute moves it off what it needs: where that goes, it is made anew (a foreign key's key). */
  readonly bound?: boolean;

  /**
   * The id of the fact whose creation makes this one too, exactly as it is wanted; null: none does (a partition's index, which
   * the server makes when the partition is attached).
   */
  madeBy?(fact: Fact<P>, scope: Scope): string | null;

  /** What it links to is of use only once all such links are made (a partitioned index that others refer to). */
  readonly completes?: boolean;

  /**
   * The server links facts of this kind along with their parents, and takes the first that fits: those that shall not be
   * linked are made afterwards (a partition's own index, equal to one that belongs to its parent's). Facts of one parent
   * fit each other's places where this answers the same; then each is linked by a statement of its own.
   */
  mistakable?(fact: Fact<P>): string;

  /** A fact with another link of this kind gets the new one before the old one goes, if nothing is against it. */
  readonly overlaps?: boolean;

  /** It stays in place while what it needs changes in a blocked attribute (the server rebuilds it itself). */
  readonly followsChanges?: boolean;

  /** The attribute whose change re-attaches this data-holding fact to a needed one that is replaced (a column's type). */
  readonly retarget?: keyof P;

  /**
   * Instead of being dropped before its successor is made, it is renamed aside, so that facts that hold data can
   * be moved over by their `retarget`; `finish` drops what was put aside.
   */
  readonly aside?: {
    rename(fact: Fact<P>, scope: Scope): StatementScript;
    finish(fact: Fact<P>, scope: Scope): StatementScript;
  };

  /**
   * The payload with each secret in it given to `hide` and replaced by what that answers: what people are shown, in SQL
   * too. Left out by kinds that hold none.
   */
  masked?(payload: P, hide: (secret: string) => string): P;

  /**
   * How cycles of needs are broken (views that read each other): it is made in the same shape, but with nothing inside
   * that needs anything, and filled once all that it needs is there; or emptied so before that goes.
   */
  readonly placeholder?: {
    create(fact: Fact<P>, scope: Scope): StatementScript;
    fill(fact: Fact<P>, scope: Scope): StatementScript;
    empty(fact: Fact<P>, scope: Scope): StatementScript;
  };

  /** The payload as an older server would tell it: leaves out what that version does not know. */
  atVersion?(payload: P, major: number): P;

  /** The payload as it is read today, of one that an earlier release of pgmage wrote down (in a native backup); null: none. */
  upgraded?(payload: P, fact: Fact): P | null;

  /** Names that only one object can have at a time, across kinds (`relation public.users`): the old one goes first. */
  slots?(fact: Fact<P>): readonly string[];

  /** Facts that the server makes by itself when `created` is made while `fact` is in force (default privileges' grants). */
  brings?(fact: Fact<P>, created: Fact, scope: Scope): readonly Fact[];

  /**
   * It is only asked for where it is written down (an owner): a side that has its parent but not it wants it as the
   * other side has it. See `settle`.
   */
  optional?(fact: Fact<P>): boolean;

  /** What an optional fact is where nobody ever said it: what the server makes by itself. Left out: nobody knows. */
  unsaid?(fact: Fact<P>): Fact<P>;

  /** The same fact with `role` in the place of the shadow's role, which stands for it. See `settle`. */
  standIn?(fact: Fact<P>, role: string): Fact<P>;

  /**
   * What the fact says once it is known who owns what (a grant to the owner is part of what the owner may do), and what
   * the other side has where this one left something open; null: nothing. Facts that become one must each become the same.
   * `role`: who owns what nobody owns otherwise. See `settle`.
   */
  settled?(
    fact: Fact<P>,
    known: {
      readonly catalog: Catalog;
      readonly other: Catalog;
      readonly role: string | null;
      readonly kinds: Kinds;
    },
  ): Fact<P> | null;

  /** Facts that every new database has already (schema public). */
  readonly initial?: readonly Fact<P>[];

  /** It says who owns an object or what a role may do with it: copies and restores can leave it out (`--no-owner`). */
  readonly ownership?: boolean;

  /** Why a copy of the database must not have it; null: a copy has it. */
  copyRefusal?(fact: Fact<P>): string | null;

  /** The id of the fact with which a schema file prints it; left out: its parent. */
  printsUnder?(fact: Fact<P>): string;

  /** SQL of which the server keeps the text alone (a routine's body): what it names is not in pg_depend. */
  opaque?(fact: Fact<P>): string;

  /** Order among steps that could run at the same time; default 0, larger is made later and dropped earlier. */
  readonly rank?: number;
}

/** A kind whose payload type is of no concern, as the engine sees it. */
// biome-ignore lint/suspicious/noExplicitAny: a list of kinds mixes payload types, which only their own files know
export type AnyKind = Kind<any>;

/** The kinds by name. */
export type Kinds = ReadonlyMap<string, AnyKind>;
