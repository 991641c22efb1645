// Functions and window functions, with bodies byte for byte.
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

interface SqlFunction extends Routine {
  readonly window: boolean;
}

/** CREATE FUNCTION (manual: catalog pg_proc). */
export const sqlFunction: Kind<SqlFunction> = {
  name: 'function',
  reference: (fact) => `FUNCTION ${formatRoutine(fact)}`,
  present: buildPresentQuery('pg_proc'),
  introspect: () => `
    select ${routineColumns},
      '(' || oidvectortypes(p.proargtypes) || ')' as signature,
      p.prokind = 'w' as window,
      rtrim(pg_get_functiondef(p.oid), E'\\n') as definition
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prokind in ('f', 'w') and ${buildOwnCondition('pg_proc', 'p.oid', 'p.pronamespace')}
      -- Constructors of ranges come and go with their type.
      and not exists (select from pg_depend i where i.classid = 'pg_proc'::regclass and i.objid = p.oid
        and i.deptype = 'i')`,
  create: (fact) => fact.payload.definition,
  rename: makeRename('FUNCTION'),
  drop: (fact) => `DROP FUNCTION ${formatRoutine(fact)}`,
  alter: { ...routineChanges, window: 'replace' },
  opaque: renderRoutine,
  order: {
    placeholder: routinePlaceholder,
    slots: listRoutineSlots,
  },
};
