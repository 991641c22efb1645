// Text search templates: the functions behind dictionaries.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Template {
  readonly init: string | null;
  readonly lexize: string;
}

/** CREATE TEXT SEARCH TEMPLATE (manual: catalog pg_ts_template). */
export const textSearchTemplate: Kind<Template> = {
  name: 'text search template',
  reference: (fact) => `TEXT SEARCH TEMPLATE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_ts_template'),
  introspect: () => `
    select array['pg_ts_template:' || t.oid || ':0'] as addresses, array[n.nspname, t.tmplname] as path,
      nullif(t.tmplinit, 0)::regproc as init, t.tmpllexize as lexize
    from pg_ts_template t join pg_namespace n on n.oid = t.tmplnamespace
    where ${buildOwnCondition('pg_ts_template', 't.oid', 't.tmplnamespace')}`,
  create: ({ path, payload: { init, lexize } }) =>
    `CREATE TEXT SEARCH TEMPLATE ${qualify(path)} (${init === null ? '' : `INIT = ${init}, `}LEXIZE` +
    ` = ${lexize})`,
  rename: makeRename('TEXT SEARCH TEMPLATE'),
  drop: (fact) => `DROP TEXT SEARCH TEMPLATE ${qualify(fact.path)}`,
  alter: { init: 'replace', lexize: 'replace' },
  data: { trial: 'create text search template pg_temp.pgmage_trial (init = pg_catalog.dsimple_init)' },
};
