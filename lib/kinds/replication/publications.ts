// Publications. Their contents are separate facts.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Publication {
  readonly allTables: boolean;
  /** Comma-separated operations. */
  readonly publish: string;
  readonly viaRoot: boolean;
  /** `none` or `stored` (from 18 on). */
  readonly generatedColumns: string;
}

type Row = Fact<Publication>;

const usual: Omit<Publication, 'allTables'> = {
  publish: 'insert, update, delete, truncate',
  viaRoot: false,
  generatedColumns: 'none',
};

const options = {
  publish: ({ payload }: Row) => `publish = ${literal(payload.publish)}`,
  viaRoot: ({ payload }: Row) => `publish_via_partition_root = ${payload.viaRoot}`,
  generatedColumns: ({ payload }: Row) => `publish_generated_columns = ${payload.generatedColumns}`,
};

const set = (option: (fact: Row) => string) => (_: Row, to: Row) =>
  `ALTER PUBLICATION ${qualify(to.path)} SET (${option(to)})`;

/** CREATE PUBLICATION (manual: catalog pg_publication). */
export const publication: Kind<Publication> = {
  name: 'publication',
  reference: (fact) => `PUBLICATION ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_publication'),
  introspect: (major) => `
    select array['pg_publication:' || p.oid || ':0'] as addresses, array[p.pubname] as path,
      p.puballtables as "allTables", concat_ws(', ', case when p.pubinsert then 'insert' end,
        case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
        case when p.pubtruncate then 'truncate' end) as publish,
      p.pubviaroot as "viaRoot",
      ${major < 18 ? `'none'` : `case p.pubgencols when 's' then 'stored' else 'none' end`}
      as "generatedColumns"
    from pg_publication p where ${buildOwnCondition('pg_publication', 'p.oid')}`,
  create: (fact, { clauses }) => {
    const { payload, path } = fact;
    const contents = payload.allTables ? ['ALL TABLES'] : clauses.map(({ sql }) => sql);
    const names = Object.keys(options) as (keyof typeof options)[];
    const unusual = names.filter((name) => payload[name] !== usual[name]).map((name) => options[name](fact));
    const what = contents.length === 0 ? '' : ` FOR ${contents.join(', ')}`;
    return (
      'CREATE PUBLICATION' +
      ` ${qualify(path)}${what}${unusual.length === 0 ? '' : ` WITH (${unusual.join(', ')})`}`
    );
  },
  rename: makeRename('PUBLICATION'),
  drop: (fact) => `DROP PUBLICATION ${qualify(fact.path)}`,
  alter: {
    allTables: 'replace',
    publish: set(options.publish),
    viaRoot: set(options.viaRoot),
    generatedColumns: set(options.generatedColumns),
  },
  data: { afterRows: true },
  reconcile: {
    atVersion: (payload, major) => (major < 18 ? { ...payload, generatedColumns: 'none' } : payload),
  },
};
