// The common parts of functions, procedures and aggregates: one catalog, and one rule for changes in place.
import type { Fact } from '../../model/fact.ts';
import type { Change } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

/** The attributes that decide whether CREATE OR REPLACE is allowed, and its text. */
export interface Routine {
  /** The whole CREATE OR REPLACE command. */
  readonly definition: string;
  readonly result: string | null;
  /** Names and types of the columns of a result row that OUT arguments define. */
  readonly outputs: readonly string[];
  /** Names of the input arguments, empty where they have none. */
  readonly inputs: readonly string[];
  /** The number of arguments with defaults. */
  readonly defaults: number;
}

/**
 * SQL for the columns `addresses`, `path` and the payload's but `definition`, from pg_proc p and pg_namespace
 * n.
 */
export const routineColumns = `
      array['pg_proc:' || p.oid || ':0'] as addresses, array[n.nspname, p.proname] as path,
      pg_get_function_result(p.oid) as result,
      case when p.prorettype = 'record'::regtype then array(
        select quote_ident(p.proargnames[i]) || ' ' || format_type(p.proallargtypes[i], null)
        from generate_subscripts(p.proargmodes, 1) i where p.proargmodes[i] in ('o', 'b', 't') order by i)
        else '{}' end as outputs,
      array(select p.proargnames[i] from generate_subscripts(p.proargnames, 1) i
        where coalesce(p.proargmodes[i], 'i') in ('i', 'b', 'v') order by i) as inputs,
      p.pronargdefaults as defaults`;

const replace = ({ payload }: Fact<Routine>) => payload.definition;

/**
 * Changes that CREATE OR REPLACE refuses (source: ProcedureCreate in pg_proc.c) replace the routine; it makes
 * the others itself.
 */
export const routineChanges: { readonly [K in keyof Routine]: Change<Routine> } = {
  definition: (_, to) => replace(to),
  result: 'replace',
  outputs: 'replace',
  inputs: (from, to) =>
    from.payload.inputs.every((name, index) => name === '' || name === to.payload.inputs[index])
      ? replace(to)
      : 'replace',
  defaults: (from, to) => (to.payload.defaults < from.payload.defaults ? 'replace' : replace(to)),
};

// With the same signature, and a body that is not checked before it runs.
const hollow = ({ payload }: Fact<Routine>) =>
  `${payload.definition.split('\n LANGUAGE ')[0]}\n LANGUAGE sql\nAS ''`;

/** Parsed bodies depend on the routines that they call, and can call each other. */
export const routinePlaceholder = { create: hollow, fill: replace, empty: hollow };

/** The body is text to the server, unless it is in standard SQL (`Kind.opaque`). */
export const renderRoutine = ({ payload }: Fact<Routine>): string => payload.definition;

type Named = Pick<Fact, 'path' | 'signature'>;

/** `public.f(integer)` */
export function formatRoutine(fact: Named): string {
  return `${qualify(fact.path)}${fact.signature}`;
}

/** Functions, procedures and aggregates share one space of names and input types. */
export function listRoutineSlots(fact: Named): string[] {
  return [
    `routine ${formatRoutine(fact)
      .replaceAll(/([(,] ?)IN /g, '$1')
      .replace(' ORDER BY ', ', ')}`,
  ];
}
