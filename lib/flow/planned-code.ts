// Functions of other roles that run while a statement on a table is only planned: the planner computes what
// never changes (manual: "Function Volatility Categories"), in indexes, in statistics and in what it inlines,
// with the reader's rights.
import { literal, qualify } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { pinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import { type Callee, type Term, termOfBody, termOfTree } from './planned-terms.ts';

interface Routine {
  readonly oid: string;
  readonly path: readonly [schema: string, name: string];
  /** With its arguments, for people. */
  readonly shown: string;
  readonly owner: string;
  readonly immutable: boolean;
  /** True if the planner inlines its body. */
  readonly inlined: boolean;
  readonly names: readonly string[];
  readonly returns: string;
  readonly source: string;
  readonly tree: string | null;
  readonly defaults: string | null;
}

interface Expression {
  /** Its path as JSON; of a constraint on a domain, the domain's. */
  readonly table: string;
  readonly what: string;
  readonly tree: string;
  /** True if it is computed when rows are read; otherwise only when the table is created. */
  readonly reading: boolean;
}

/**
 * The owners whose functions matter. `others`: all but the session's role, which has its own rights anyway;
 * without superusers; `all`: every role, for a copy on a server where superusers may be others; `except`: all
 * but these.
 */
export type PlannedOwners = 'others' | 'all' | { readonly except: readonly string[] };

// Built-in functions, and those of extensions, are the target's own.
const ownRoutine = `p.oid >= 16384 and not exists (select from pg_depend e
  where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')`;

// Superusers of the same server have no rights to gain, and functions in C are made by them alone.
function strangers(of: PlannedOwners): string {
  if (typeof of === 'object') return `r.rolname <> all (array[${of.except.map(literal).join()}]::name[])`;
  return of === 'all' ? ownRoutine : 'not r.rolsuper and r.rolname <> current_user';
}

const routines = (
  of: PlannedOwners,
) => `select p.oid::text as oid, json_build_array(n.nspname, p.proname) as path,
  p.oid::regprocedure::text as shown,
    r.rolname::text as owner, p.provolatile = 'i' as immutable, p.prorettype::text as returns,
    p.prosqlbody::text as tree,
    p.proargdefaults::text as defaults, case l.lanname when 'sql' then p.prosrc else '' end as source,
    l.lanname = 'sql' and p.prokind = 'f' and not p.prosecdef and not p.proretset
    and p.proconfig is null as inlined,
    to_json(array(select a.name from unnest(p.proargnames, p.proargmodes) with ordinality a(name, mode, place)
      where coalesce(a.mode, 'i') in ('i', 'b', 'v') order by a.place)) as names
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    join pg_roles r on r.oid = p.proowner
  where ${strangers(of)} and l.lanname not in ('c', 'internal')
    and (p.provolatile = 'i' or l.lanname = 'sql')`;

const operators = (
  of: PlannedOwners,
) => `select o.oid::text as oid, json_build_array(n.nspname, o.oprname) as path,
  o.oprcode::oid::text as routine
  from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
    join pg_proc p on p.oid = o.oprcode join pg_roles r on r.oid = p.proowner where ${strangers(of)}`;

const domains = `select y.oid::text as oid, json_build_array(n.nspname, y.typname) as path,
  y.typbasetype::text as base,
    to_json(array(select k.conbin::text from pg_constraint k where k.contypid = y.oid
    and k.conbin is not null)) as checks
  from pg_type y join pg_namespace n on n.oid = y.typnamespace where y.typtype = 'd'
  and n.nspname <> 'information_schema'`;

const casts = (
  of: PlannedOwners,
) => `select p.oid::text as oid from pg_cast k join pg_proc p on p.oid = k.castfunc join pg_roles r
  on r.oid = p.proowner
  where ${strangers(of)}`;

// Of tables' constraints nothing is computed when rows are read, because `constraint_exclusion` is off; they
// are compared when a partition is attached.
const expressions = `select json_build_array(n.nspname, y.typname)::text as table, format('constraint %I',
  k.conname) as what,
    k.conbin::text as tree, false as reading
  from pg_constraint k join pg_type y on y.oid = k.contypid join pg_namespace n on n.oid = y.typnamespace
  where k.conbin is not null and n.nspname not in ('pg_catalog', 'information_schema')
  union all select json_build_array(n.nspname, c.relname)::text, x.what, x.tree, x.reading
  from (select i.indrelid as oid, format('index %I', t.relname) as what, concat_ws(' ', i.indexprs,
  i.indpred) as tree, true as reading
      from pg_index i join pg_class t on t.oid = i.indexrelid where i.indexprs is not null
      or i.indpred is not null
    union all select s.stxrelid, format('statistics %I', s.stxname), s.stxexprs::text, true
      from pg_statistic_ext s where s.stxexprs is not null
    union all select q.partrelid, 'partition key', q.partexprs::text, false from pg_partitioned_table q
    where q.partexprs is not null
    union all select d.adrelid, format('generated column %I', a.attname), d.adbin::text, false
      from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
      where a.attgenerated <> ''
    union all select k.conrelid, format('constraint %I', k.conname), k.conbin::text, false
      from pg_constraint k join pg_class p on p.oid = k.conrelid where p.relispartition and k.contype = 'c') x
    join pg_class c on c.oid = x.oid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname not in ('pg_catalog', 'information_schema')`;

/** The code that a table would make the planner run. */
export interface PlannedCode {
  /** Qualified and quoted; of a constraint on a domain, the domain. */
  readonly table: string;
  /** True if reading rows runs it; otherwise only creating the table does. */
  readonly reading: boolean;
  /** The role of the function. */
  readonly owner: string;
  /** `index i of public.t calls hh.f(integer) of mallory`. */
  readonly text: string;
}

/**
 * Finds what the planner would run with the session's rights although it belongs to another role.
 * @throws Problem of the connection
 */
export async function findPlannedCode(
  connection: Connection,
  of: PlannedOwners = 'others',
): Promise<PlannedCode[]> {
  const [, own] = await connection.batch([pinned, routines(of)]);
  if ((own as unknown[]).length === 0) return [];
  const [, operated, checked, cast, found] = await connection.batch([
    pinned,
    operators(of),
    domains,
    casts(of),
    expressions,
  ]);
  const judge = new Judge(
    own as Routine[],
    operated as Operator[],
    checked as Domain[],
    (cast as unknown[]).length > 0,
  );
  const code: PlannedCode[] = [];
  for (const { table: path, what, tree, reading } of found as Expression[]) {
    const table = qualify(JSON.parse(path));
    for (const { shown, owner } of await judge.runBy(termOfTree(tree)))
      code.push({ table, reading, owner, text: `${what} of ${table} calls ${shown} of ${owner}` });
  }
  return code;
}

/**
 * Refuses to read tables, or to make their likes, where that would run code of another role.
 * @param isConcerned which of it matters
 * @throws Problem `planned_code`; of the connection
 */
export async function refusePlannedCode(
  connection: Connection,
  isConcerned: (code: PlannedCode) => boolean,
): Promise<void> {
  const code = (await findPlannedCode(connection)).filter(isConcerned);
  if (code.length === 0) return;
  throw new Problem('planned_code', {
    environment: connection.description,
    calls: code.map(({ text }) => text),
  });
}

interface Operator {
  readonly oid: string;
  readonly path: readonly string[];
  readonly routine: string;
}
interface Domain {
  readonly oid: string;
  readonly path: readonly string[];
  readonly base: string;
  readonly checks: readonly string[];
}

const isCalled = (one: { readonly oid: string; readonly path: readonly string[] }, by: Callee) =>
  'oid' in by ? one.oid === by.oid : by.path.length > 0 && one.path.join('\0') === by.path.join('\0');

/**
 * Finds what the planner can compute of an expression: calls of which no argument differs from row to row for
 * certain.
 */
class Judge {
  readonly #routines: readonly Routine[];
  readonly #operators: readonly Operator[];
  readonly #domains: readonly Domain[];
  readonly #hasCasts: boolean;
  #found = new Set<Routine>();
  // The calls in progress: a recursive function comes to them again.
  readonly #open = new Set<string>();

  constructor(
    routines: readonly Routine[],
    operators: readonly Operator[],
    domains: readonly Domain[],
    hasCasts: boolean,
  ) {
    this.#routines = routines;
    this.#operators = operators;
    this.#domains = domains;
    this.#hasCasts = hasCasts;
  }

  async runBy(term: Term): Promise<ReadonlySet<Routine>> {
    this.#found = new Set();
    await this.#varies(term, []);
    return this.#found;
  }

  /** True if it certainly differs from row to row, given its parameters. */
  async #varies(term: Term, bound: readonly boolean[]): Promise<boolean> {
    switch (term.is) {
      case 'value':
        return true;
      case 'constant':
        return false;
      case 'parameter':
        return bound[term.number - 1] ?? false;
      case 'checked':
        await this.#check(term.of);
        return this.#varies(term.arg, bound);
      case 'call':
        return this.#call(term, bound);
      case 'other': {
        let varies = false;
        for (const part of term.parts) {
          const own = await this.#varies(part, bound);
          if (part === term.as) varies = own;
        }
        return term.as !== undefined && !term.parts.includes(term.as) ? this.#varies(term.as, bound) : varies;
      }
    }
  }

  async #call(term: Extract<Term, { is: 'call' }>, bound: readonly boolean[]): Promise<boolean> {
    const args: boolean[] = [];
    for (const arg of term.args) args.push(await this.#varies(arg, bound));
    // A null makes nothing of a call that is strict.
    const stays =
      args.includes(true) && term.args.every((arg, at) => args[at] || (arg.is === 'constant' && !arg.isNull));
    let varies = stays;
    for (const routine of this.#called(term.of)) {
      if (routine.immutable && !args.includes(true)) this.#found.add(routine);
      if (routine.defaults !== null) await this.#varies(termOfTree(routine.defaults), []);
      if (routine.inlined && !(await this.#body(routine, term.positional ? args : []))) varies = false;
    }
    return varies;
  }

  #called(of: Callee): readonly Routine[] {
    if (of.catalog !== 'pg_operator') return this.#routines.filter((one) => isCalled(one, of));
    const codes = this.#operators.filter((one) => isCalled(one, of)).map(({ routine }) => routine);
    return this.#routines.filter(({ oid }) => codes.includes(oid));
  }

  async #body(routine: Routine, args: readonly boolean[]): Promise<boolean> {
    const { oid, tree, source, names, returns } = routine;
    if (this.#open.has(oid)) return false;
    this.#open.add(oid);
    // A text does not tell where it casts.
    if (tree === null && this.#hasCasts) this.#found.add(routine);
    await this.#check({ catalog: 'pg_type', oid: returns });
    const term = tree === null ? await termOfBody(source, names) : termOfTree(tree);
    const varies = await this.#varies(soleOf(term), args);
    this.#open.delete(oid);
    return varies;
  }

  // The planner makes ready what a domain checks, whatever the value.
  async #check(of: Callee): Promise<void> {
    for (const domain of this.#domains.filter((one) => isCalled(one, of))) {
      if (this.#open.has(domain.oid)) continue;
      this.#open.add(domain.oid);
      for (const check of domain.checks) await this.#varies(termOfTree(check), []);
      await this.#check({ catalog: 'pg_type', oid: domain.base });
      this.#open.delete(domain.oid);
    }
  }
}

// Of a tree with one expression that one.
const soleOf = (term: Term): Term =>
  term.is === 'other' && term.as === undefined && term.parts.length === 1
    ? { ...term, as: term.parts[0] as Term }
    : term;
