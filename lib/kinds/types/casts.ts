// Casts. They have no name, so their path is empty and their signature says which one it is.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { sqlFunction } from '../routines/functions.ts';

interface Cast {
  /** `WITH FUNCTION f(a)`, `WITH INOUT` or `WITHOUT FUNCTION`. */
  readonly method: string;
  /** When it is applied unasked: `AS ASSIGNMENT`, `AS IMPLICIT` or never. */
  readonly context: string | null;
}

/** CREATE CAST (manual: catalog pg_cast). */
export const cast: Kind<Cast> = {
  name: 'cast',
  reference: (fact) => `CAST ${fact.signature}`,
  present: buildPresentQuery('pg_cast'),
  introspect: () => `
    select array['pg_cast:' || c.oid || ':0'] as addresses, '{}'::text[] as path,
      format('(%s AS %s)', format_type(c.castsource, null), format_type(c.casttarget, null)) as signature,
      case c.castmethod when 'f' then 'WITH FUNCTION ' || c.castfunc::regprocedure when 'i' then 'WITH INOUT'
        else 'WITHOUT FUNCTION' end as method,
      case c.castcontext when 'a' then 'AS ASSIGNMENT' when 'i' then 'AS IMPLICIT' end as context
    from pg_cast c where ${buildOwnCondition('pg_cast', 'c.oid')}
      -- A range type brings a cast to its multirange type.
      and not exists (select from pg_depend i where i.classid = 'pg_cast'::regclass and i.objid = c.oid
      and i.deptype = 'i')`,
  create: ({ signature, payload: { method, context } }) =>
    `CREATE CAST ${signature} ${method}${context === null ? '' : ` ${context}`}`,
  drop: (fact) => `DROP CAST ${fact.signature}`,
  alter: { method: 'replace', context: 'replace' },
  order: {
    // An expression is noted as a call of the function, or as one of the type that it gives.
    usedBy: (own, theirs) => {
      const routine = [...own.keys()].find((id) => id.startsWith(`${sqlFunction.name}:`));
      return routine === undefined ? [...own.keys()].some((id) => theirs.has(id)) : theirs.has(routine);
    },
  },
};
