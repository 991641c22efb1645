// Text search dictionaries: a template with options.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Dictionary {
  readonly template: string;
  /** `stopwords = 'english'` each, quoted by the server. */
  readonly options: readonly string[];
}

const nameOf = (option: string) => option.slice(0, option.indexOf(' = '));

// All that is given comes last, in that order; an option without a value is taken away (manual: ALTER TEXT
// SEARCH DICTIONARY).
function set({ payload: from }: Fact<Dictionary>, { path, payload: to }: Fact<Dictionary>): string {
  const kept = to.options.map(nameOf);
  const options = [...to.options, ...from.options.map(nameOf).filter((name) => !kept.includes(name))];
  return `ALTER TEXT SEARCH DICTIONARY ${qualify(path)} (${options.join(', ')})`;
}

/** CREATE TEXT SEARCH DICTIONARY (manual: catalog pg_ts_dict). */
export const textSearchDictionary: Kind<Dictionary> = {
  name: 'text search dictionary',
  reference: (fact) => `TEXT SEARCH DICTIONARY ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_ts_dict'),
  introspect: () => `
    select array['pg_ts_dict:' || d.oid || ':0'] as addresses, array[n.nspname, d.dictname] as path,
      quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname) as template,
      array(select o[1] from regexp_matches(d.dictinitoption,
        '((?:"(?:[^"]|"")*"|[^\\s"]+) = (?:E?''(?:[^'']|'''')*''|[^,]+))', 'g') with ordinality x(o, place)
        order by place) as options
    from pg_ts_dict d join pg_namespace n on n.oid = d.dictnamespace
      join pg_ts_template t on t.oid = d.dicttemplate join pg_namespace tn on tn.oid = t.tmplnamespace
    where ${buildOwnCondition('pg_ts_dict', 'd.oid', 'd.dictnamespace')}`,
  create: ({ path, payload: { template, options } }) =>
    `CREATE TEXT SEARCH DICTIONARY ${qualify(path)} (${[`TEMPLATE = ${template}`, ...options].join(', ')})`,
  rename: makeRename('TEXT SEARCH DICTIONARY'),
  drop: (fact) => `DROP TEXT SEARCH DICTIONARY ${qualify(fact.path)}`,
  reconcile: { unordered: ['options'] },
  alter: { template: 'replace', options: set },
};
