// Foreign tables, and the options of their columns. The columns themselves are like those of any table.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import {
  alterForeignOptions,
  buildForeignOptions,
  formatForeignOptions,
  maskOptions,
} from './foreign-options.ts';

interface Options {
  readonly options: readonly string[];
}

interface ForeignTable extends Options {
  readonly server: string;
}

/** CREATE FOREIGN TABLE (manual: catalogs pg_class, pg_foreign_table). */
export const foreignTable: Kind<ForeignTable> = {
  name: 'foreign table',
  words: { options: 'plain' },
  reference: (fact) => `FOREIGN TABLE ${qualify(fact.path)}`,
  securable: (fact) => `TABLE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'f'`),
  introspect: () => `
    select array['pg_class:' || c.oid || ':0'] as addresses, array[n.nspname, c.relname] as path,
      s.srvname as server, ${buildForeignOptions('f.ftoptions')} as options
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_foreign_table f on f.ftrelid = c.oid join pg_foreign_server s on s.oid = f.ftserver
    where ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact, { clauses }) => {
    const body = clauses
      .filter((clause) => clause.fact.kind !== 'inheritance')
      .map(({ sql }) => `\n  ${sql}`);
    const parents = clauses.filter((clause) => clause.fact.kind === 'inheritance').map(({ sql }) => sql);
    const inherits = parents.length === 0 ? '' : ` INHERITS (${parents.join(', ')})`;
    const head =
      `CREATE FOREIGN TABLE ${qualify(fact.path)}` +
      ` (${body.join(',')}${body.length > 0 ? '\n' : ''})${inherits}`;
    return `${head} SERVER ${quote(fact.payload.server)}${formatForeignOptions(fact.payload.options)}`;
  },
  rename: makeRename('FOREIGN TABLE', 'ACCESS EXCLUSIVE'),
  drop: (fact) => ({ sql: `DROP FOREIGN TABLE ${qualify(fact.path)}`, lock: 'ACCESS EXCLUSIVE' }),
  alter: {
    server: 'replace',
    options: (from, to) =>
      alterForeignOptions(
        `ALTER FOREIGN TABLE ${qualify(to.path)}`,
        from.payload.options,
        to.payload.options,
      ),
  },
  masked: (payload, hide) => maskOptions(payload, hide),
  order: { slots: (fact) => [`relation ${qualify(fact.path)}`, `type ${qualify(fact.path)}`] },
};

function change(fact: Fact<Options, PartPath>, from: readonly string[], to: readonly string[]): string[] {
  const [schema, table, column] = fact.path;
  const command = `ALTER FOREIGN TABLE ${qualify([schema, table])} ALTER COLUMN ${quote(column)}`;
  return alterForeignOptions(command, from, to);
}

/** The OPTIONS of a foreign table's column (manual: pg_attribute.attfdwoptions). */
export const foreignColumnOptions: Kind<Options, PartPath> = {
  name: 'foreign column options',
  words: { options: 'plain' },
  reference: (fact) => `COLUMN ${qualify(fact.path)}`,
  summary: (fact) => `${qualify(fact.path)}${formatForeignOptions(fact.payload.options)}`,
  present: buildPresentQuery('pg_class', `relkind = 'f'`),
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, c.relname, a.attname] as path,
      format('pg_class:%s:%s', c.oid, a.attnum) as parent, ${buildForeignOptions('a.attfdwoptions')}
      as options
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where a.attfdwoptions is not null and not a.attisdropped
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => change(fact, [], fact.payload.options),
  drop: (fact) => change(fact, fact.payload.options, []),
  alter: { options: (from, to) => change(to, from.payload.options, to.payload.options) },
  masked: (payload, hide) => maskOptions(payload, hide),
};
