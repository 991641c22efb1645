// Access methods of tables and indexes.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

interface AccessMethod {
  readonly type: string;
  readonly handler: string;
}

/** CREATE ACCESS METHOD (manual: catalog pg_am). */
export const accessMethod: Kind<AccessMethod> = {
  name: 'access method',
  reference: (fact) => `ACCESS METHOD ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_am'),
  introspect: () => `
    select array['pg_am:' || a.oid || ':0'] as addresses, array[a.amname] as path,
      case a.amtype when 'i' then 'INDEX' else 'TABLE' end as type, a.amhandler::regproc as handler
    from pg_am a where ${buildOwnCondition('pg_am', 'a.oid')}`,
  create: ({ path, payload: { type, handler } }) =>
    `CREATE ACCESS METHOD ${qualify(path)} TYPE ${type} HANDLER ${handler}`,
  drop: (fact) => `DROP ACCESS METHOD ${qualify(fact.path)}`,
  alter: { type: 'replace', handler: 'replace' },
  data: { trial: 'create access method pgmage_trial type index handler pg_catalog.bthandler' },
};
