// Procedures.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { makeRename } from '../schemas/renaming.ts';
import {
  formatRoutine,
  listRoutineSlots,
  type Routine,
  renderRoutine,
  routineChanges,
  routineColumns,
  routinePlaceholder,
} from './routines.ts';

/**
 * CREATE PROCEDURE (manual: catalog pg_proc). The signature marks its arguments IN: without a mark the server
 * would also take `(integer, integer)` for one argument in and one out (manual: DROP PROCEDURE).
 */
export const procedure: Kind<Routine> = {
  name: 'procedure',
  reference: (fact) => `PROCEDURE ${formatRoutine(fact)}`,
  present: buildPresentQuery('pg_proc', `prokind = 'p'`),
  introspect: () => `
    select ${routineColumns},
      '(' || coalesce((select string_agg('IN ' || format_type(a.type, null), ', ' order by a.place)
        from unnest(p.proargtypes) with ordinality a(type, place)), '') || ')' as signature,
      rtrim(pg_get_functiondef(p.oid), E'\\n') as definition
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prokind = 'p' and ${buildOwnCondition('pg_proc', 'p.oid', 'p.pronamespace')}`,
  create: (fact) => fact.payload.definition,
  rename: makeRename('PROCEDURE'),
  drop: (fact) => `DROP PROCEDURE ${formatRoutine(fact)}`,
  alter: routineChanges,
  opaque: renderRoutine,
  order: {
    placeholder: routinePlaceholder,
    slots: listRoutineSlots,
  },
};
