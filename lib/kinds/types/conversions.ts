// Conversions between character encodings.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Conversion {
  readonly from: string;
  readonly into: string;
  readonly function: string;
  readonly default: boolean;
}

/** CREATE CONVERSION (manual: catalog pg_conversion). */
export const encodingConversion: Kind<Conversion> = {
  name: 'conversion',
  reference: (fact) => `CONVERSION ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_conversion'),
  introspect: () => `
    select array['pg_conversion:' || c.oid || ':0'] as addresses, array[n.nspname, c.conname] as path,
      pg_encoding_to_char(c.conforencoding) as "from", pg_encoding_to_char(c.contoencoding) as "into",
      c.conproc as function, c.condefault as default
    from pg_conversion c join pg_namespace n on n.oid = c.connamespace
    where ${buildOwnCondition('pg_conversion', 'c.oid', 'c.connamespace')}`,
  create: ({ path, payload: { from, into, function: name, default: standard } }) =>
    `CREATE ${standard ? 'DEFAULT ' : ''}CONVERSION ${qualify(path)} FOR ${literal(from)} TO` +
    ` ${literal(into)} ` +
    `FROM ${name}`,
  rename: makeRename('CONVERSION'),
  drop: (fact) => `DROP CONVERSION ${qualify(fact.path)}`,
  alter: { from: 'replace', into: 'replace', function: 'replace', default: 'replace' },
  order: {
    slots: ({ path, payload }) =>
      payload.default ? [`default conversion ${path[0]} ${payload.from} ${payload.into}`] : [],
  },
};
