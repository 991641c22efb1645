// Aggregates: plain, ordered-set and hypothetical-set. The server has no function that writes their
// definition.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import { formatRoutine, listRoutineSlots, type Routine, routineChanges, routineColumns } from './routines.ts';

interface Aggregate extends Routine {
  /** `n`ormal, `o`rdered-set or `h`ypothetical-set. */
  readonly sort: string;
}

// `FINALFUNC_MODIFY` and its like differ in their default by sort (manual: CREATE AGGREGATE).
const modify = (column: string) => `case when ${column} <> case a.aggkind when 'n' then 'r' else 'w' end then
  case ${column} when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE' else 'READ_WRITE' end end`;
const flag = (name: string, condition: string) => `case when ${condition} then '${name}' end`;
const option = (name: string, value: string) => `'${name} = ' || ${value}`;
const routine = (name: string, column: string) => option(name, `nullif(${column}, 0)::regproc`);

const options = [
  routine('SFUNC', 'a.aggtransfn'),
  option('STYPE', 'format_type(a.aggtranstype, null)'),
  option('SSPACE', 'nullif(a.aggtransspace, 0)'),
  routine('FINALFUNC', 'a.aggfinalfn'),
  flag('FINALFUNC_EXTRA', 'a.aggfinalextra'),
  option('FINALFUNC_MODIFY', modify('a.aggfinalmodify')),
  routine('COMBINEFUNC', 'a.aggcombinefn'),
  routine('SERIALFUNC', 'a.aggserialfn'),
  routine('DESERIALFUNC', 'a.aggdeserialfn'),
  option('INITCOND', 'quote_literal(a.agginitval)'),
  routine('MSFUNC', 'a.aggmtransfn'),
  routine('MINVFUNC', 'a.aggminvtransfn'),
  option('MSTYPE', 'format_type(nullif(a.aggmtranstype, 0), null)'),
  option('MSSPACE', 'nullif(a.aggmtransspace, 0)'),
  routine('MFINALFUNC', 'a.aggmfinalfn'),
  flag('MFINALFUNC_EXTRA', 'a.aggmfinalextra'),
  option('MFINALFUNC_MODIFY', modify('a.aggmfinalmodify')),
  option('MINITCOND', 'quote_literal(a.aggminitval)'),
  option('SORTOP', `'OPERATOR(' || quote_ident(sn.nspname) || '.' || so.oprname || ')'`),
  option('PARALLEL', `case p.proparallel when 's' then 'SAFE' when 'r' then 'RESTRICTED' end`),
  flag('HYPOTHETICAL', `a.aggkind = 'h'`),
].join(', ');

// GRANT knows aggregates as functions, whose arguments it wants in one list.
function argumentsOf(signature: string): string {
  const [, direct = '', ordered = ''] = /^\((.*?) ?ORDER BY (.*)\)$/.exec(signature) ?? [];
  if (ordered === '') return signature.replace('(*)', '()');
  const one = ordered.startsWith('VARIADIC') && direct.endsWith(ordered);
  return `(${one || direct === '' ? direct || ordered : `${direct}, ${ordered}`})`;
}

/** CREATE AGGREGATE (manual: catalog pg_aggregate). */
export const aggregate: Kind<Aggregate> = {
  name: 'aggregate',
  reference: (fact) => `AGGREGATE ${formatRoutine(fact)}`,
  securable: (fact) => `FUNCTION ${qualify(fact.path)}${argumentsOf(fact.signature)}`,
  present: buildPresentQuery('pg_proc', `prokind = 'a'`),
  introspect: () => `
    select ${routineColumns}, s.signature, a.aggkind as sort,
      format(E'CREATE OR REPLACE AGGREGATE %I.%I(%s) (\\n  %s\\n)', n.nspname, p.proname,
        coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'), concat_ws(E',\\n  ',
        ${options})) as definition
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_aggregate a on a.aggfnoid = p.oid
      left join pg_operator so on so.oid = a.aggsortop left join pg_namespace sn on sn.oid = so.oprnamespace
      cross join lateral (select array_agg(case when p.provariadic <> 0 and place = p.pronargs
      then 'VARIADIC ' else '' end
        || format_type(type, null) order by place) as types from unnest(p.proargtypes) with ordinality u(type,
        place)) t
      cross join lateral (select case
        when a.aggkind = 'n' then format('(%s)', coalesce(array_to_string(t.types, ', '), '*'))
        -- A variadic last argument stands for both lists, and is written in both.
        else format('(%sORDER BY %s)', coalesce(nullif(array_to_string(t.types[:a.aggnumdirectargs], ', '),
        '') || ' ', ''),
          array_to_string(t.types[least(a.aggnumdirectargs + 1, p.pronargs):], ', ')) end as signature) s
    where p.prokind = 'a' and ${buildOwnCondition('pg_proc', 'p.oid', 'p.pronamespace')}`,
  create: (fact) => fact.payload.definition,
  rename: makeRename('AGGREGATE'),
  drop: (fact) => `DROP AGGREGATE ${formatRoutine(fact)}`,
  alter: { ...routineChanges, sort: 'replace' },
  order: { slots: listRoutineSlots },
};
