// Procedures.
import { ours, present } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { renamed } from '../schemas/renaming.ts';
import {
  type Routine,
  routineChanges,
  routineColumns,
  routineName,
  routinePlaceholder,
  routineSlots,
  routineText,
} from './routines.ts';

/**
 * CREATE PROCEDURE (manual: catalog pg_proc). The signature marks its arguments IN: without a mark the server would
 * also take `(integer, integer)` for one argument in and one out (manual: DROP PROCEDURE).
 */
export const procedure: Kind<Routine> = {
  name: 'procedure',
  reference: (fact) => `PROCEDURE ${routineName(fact)}`,
  present: present('pg_proc', `prokind = 'p'`),
  introspect: () => `
    select ${routineColumns},
      '(' || coalesce((select string_agg('IN ' || format_type(a.type, null), ', ' order by a.place)
        from unnest(p.proargtypes) with ordinality a(type, place)), '') || ')' as signature,
      rtrim(pg_get_functiondef(p.oid), E'\\n') as definition
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prokind = 'p' and ${ours('pg_proc', 'p.oid', 'p.pronamespace')}`,
  create: (fact) => fact.payload.definition,
  rename: renamed('PROCEDURE'),
  drop: (fact) => `DROP PROCEDURE ${routineName(fact)}`,
  alter: routineChanges,
  opaque: routineText,
  order: {
    placeholder: routinePlaceholder,
    slots: routineSlots,
  },
};
