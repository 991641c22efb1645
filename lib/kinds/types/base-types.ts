// Base types: what their input and output functions make of bytes.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface BaseType {
  readonly input: string;
  readonly output: string;
  readonly receive: string | null;
  readonly send: string | null;
  readonly typmodIn: string | null;
  readonly typmodOut: string | null;
  readonly analyze: string | null;
  readonly subscript: string | null;
  readonly length: string;
  readonly byValue: boolean;
  readonly alignment: string;
  readonly storage: string;
  readonly category: string;
  readonly preferred: boolean;
  readonly default: string | null;
  readonly element: string | null;
  readonly delimiter: string;
  readonly collatable: boolean;
}

type Row = Fact<BaseType>;
type Name = keyof BaseType;

const words: { readonly [K in Name]?: string } = {
  typmodIn: 'TYPMOD_IN',
  typmodOut: 'TYPMOD_OUT',
  length: 'INTERNALLENGTH',
  byValue: 'PASSEDBYVALUE',
};

function create({ path, payload }: Row): string {
  const texts: readonly Name[] = ['category', 'default', 'delimiter'];
  const options = (Object.keys(payload) as Name[]).flatMap((name) => {
    const value = payload[name];
    const word = words[name] ?? name.toUpperCase();
    if (value === null || value === false) return [];
    if (value === true) return [word];
    return [`${word} = ${texts.includes(name) ? literal(value) : value}`];
  });
  return `CREATE TYPE ${qualify(path)} (${options.join(', ')})`;
}

const set = (name: Name) => (_: Row, to: Row) =>
  `ALTER TYPE ${qualify(to.path)} SET (${words[name] ?? name.toUpperCase()} = ${to.payload[name] ?? 'NONE'})`;

/** CREATE TYPE … (INPUT = …) (manual: catalog pg_type, typtype `b`). */
export const baseType: Kind<BaseType> = {
  name: 'base type',
  words: { category: 'plain', default: 'plain', delimiter: 'plain' },
  reference: (fact) => `TYPE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_type', `typtype = 'b' and typarray <> 0`),
  introspect: () => `
    select array['pg_type:' || t.oid || ':0'] as addresses, array[n.nspname, t.typname] as path,
      'shell:' || t.oid as parent, t.typinput as input, t.typoutput as output, nullif(t.typreceive,
      0)::regproc as receive,
      nullif(t.typsend, 0)::regproc as send, nullif(t.typmodin, 0)::regproc as "typmodIn",
      nullif(t.typmodout, 0)::regproc as "typmodOut", nullif(t.typanalyze, 0)::regproc as analyze,
      nullif(t.typsubscript, 0)::regproc as subscript,
      case t.typlen when -1 then 'VARIABLE' else t.typlen::text end as length, t.typbyval as "byValue",
      case t.typalign when 'c' then 'char' when 's' then 'int2' when 'i' then 'int4'
      else 'double' end as alignment,
      case t.typstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main'
      else 'extended' end as storage,
      t.typcategory::text as category, t.typispreferred as preferred, t.typdefault as default,
      case when t.typelem <> 0 then format_type(t.typelem, null) end as element,
      t.typdelim::text as delimiter,
      t.typcollation <> 0 as collatable
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype = 'b' and t.typisdefined and not exists (select from pg_type e where e.typarray = t.oid)
      and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create,
  rename: makeRename('TYPE'),
  drop: () => [],
  alter: {
    input: 'replace',
    output: 'replace',
    receive: set('receive'),
    send: set('send'),
    typmodIn: set('typmodIn'),
    typmodOut: set('typmodOut'),
    analyze: set('analyze'),
    subscript: set('subscript'),
    length: 'replace',
    byValue: 'replace',
    alignment: 'replace',
    // Columns that were made without TOAST stay so (manual: ALTER TYPE).
    storage: (from, to) =>
      [from, to].some(({ payload }) => payload.storage === 'plain') ? 'replace' : set('storage')(from, to),
    category: 'replace',
    preferred: 'replace',
    default: 'replace',
    element: 'replace',
    delimiter: 'replace',
    collatable: 'replace',
  },
  order: { inseverable: true },
};
