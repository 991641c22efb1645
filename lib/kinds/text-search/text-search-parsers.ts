// Text search parsers: how text is cut into tokens.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Parser {
  readonly start: string;
  readonly token: string;
  readonly end: string;
  readonly types: string;
  readonly headline: string | null;
}

/** CREATE TEXT SEARCH PARSER (manual: catalog pg_ts_parser). */
export const textSearchParser: Kind<Parser> = {
  name: 'text search parser',
  reference: (fact) => `TEXT SEARCH PARSER ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_ts_parser'),
  introspect: () => `
    select array['pg_ts_parser:' || p.oid || ':0'] as addresses, array[n.nspname, p.prsname] as path,
      p.prsstart as start, p.prstoken as token, p.prsend as "end", p.prslextype as types,
      nullif(p.prsheadline, 0)::regproc as headline
    from pg_ts_parser p join pg_namespace n on n.oid = p.prsnamespace
    where ${buildOwnCondition('pg_ts_parser', 'p.oid', 'p.prsnamespace')}`,
  create: ({ path, payload: { start, token, end, types, headline } }) => {
    const required = `START = ${start}, GETTOKEN = ${token}, END = ${end}, LEXTYPES = ${types}`;
    const optional = headline === null ? '' : `, HEADLINE = ${headline}`;
    return `CREATE TEXT SEARCH PARSER ${qualify(path)} (${required}${optional})`;
  },
  rename: makeRename('TEXT SEARCH PARSER'),
  drop: (fact) => `DROP TEXT SEARCH PARSER ${qualify(fact.path)}`,
  alter: { start: 'replace', token: 'replace', end: 'replace', types: 'replace', headline: 'replace' },
  data: { trial: 'create text search parser pg_temp.pgmage_trial (start = pg_catalog.prsd_start)' },
};
