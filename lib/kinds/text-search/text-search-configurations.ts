// Text search configurations, and which dictionaries they look each sort of token up in.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Configuration {
  readonly parser: string;
}

interface Mapping {
  readonly dictionaries: readonly string[];
}

/** CREATE TEXT SEARCH CONFIGURATION (manual: catalog pg_ts_config). */
export const textSearchConfiguration: Kind<Configuration> = {
  name: 'text search configuration',
  reference: (fact) => `TEXT SEARCH CONFIGURATION ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_ts_config'),
  introspect: () => `
    select array['pg_ts_config:' || c.oid || ':0'] as addresses, array[n.nspname, c.cfgname] as path,
      quote_ident(pn.nspname) || '.' || quote_ident(p.prsname) as parser
    from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace
      join pg_ts_parser p on p.oid = c.cfgparser join pg_namespace pn on pn.oid = p.prsnamespace
    where ${buildOwnCondition('pg_ts_config', 'c.oid', 'c.cfgnamespace')}`,
  create: ({ path, payload }) =>
    `CREATE TEXT SEARCH CONFIGURATION ${qualify(path)} (PARSER = ${payload.parser})`,
  rename: makeRename('TEXT SEARCH CONFIGURATION'),
  drop: (fact) => `DROP TEXT SEARCH CONFIGURATION ${qualify(fact.path)}`,
  alter: { parser: 'replace' },
};

const alter = ({ path }: Fact<Mapping, PartPath>, verb: string) =>
  `ALTER TEXT SEARCH CONFIGURATION ${qualify(path.slice(0, 2))} ${verb} MAPPING FOR` + ` ${quote(path[2])}`;
const mapped = (fact: Fact<Mapping, PartPath>, verb: string) =>
  `${alter(fact, verb)} WITH ${fact.payload.dictionaries.join(', ')}`;

/**
 * ALTER TEXT SEARCH CONFIGURATION … ADD MAPPING (manual: catalog pg_ts_config_map). The path ends in the
 * token type.
 */
export const textSearchMapping: Kind<Mapping, PartPath> = {
  name: 'text search mapping',
  reference: (fact) => `TEXT SEARCH CONFIGURATION ${qualify(fact.path.slice(0, 2))}`,
  summary: (fact) => mapped(fact, 'ADD'),
  // The server notes the dictionaries as needed by the configuration itself.
  present: buildPresentQuery('pg_ts_config'),
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, c.cfgname, t.alias] as path,
      'pg_ts_config:' || c.oid || ':0' as parent, t.tokid as position,
      array_agg(format('pg_ts_dict:%s:0', d.oid)) as needs,
      array_agg(format('pg_ts_config:%s:0>pg_ts_dict:%s:0', c.oid, d.oid)) as edges,
      array_agg(quote_ident(dn.nspname) || '.' || quote_ident(d.dictname) order by m.mapseqno) as dictionaries
    from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace
      cross join lateral ts_token_type(c.cfgparser) t
      join pg_ts_config_map m on m.mapcfg = c.oid and m.maptokentype = t.tokid
      join pg_ts_dict d on d.oid = m.mapdict join pg_namespace dn on dn.oid = d.dictnamespace
    where ${buildOwnCondition('pg_ts_config', 'c.oid', 'c.cfgnamespace')}
    group by n.nspname, c.cfgname, c.oid, t.alias, t.tokid`,
  create: (fact) => mapped(fact, 'ADD'),
  drop: (fact) => `${alter(fact, 'DROP')}`,
  alter: { dictionaries: (_, to) => mapped(to, 'ALTER') },
};
