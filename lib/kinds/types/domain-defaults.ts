// Defaults of domains: facts of their own, because they may need a function that needs the domain.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

interface DomainDefault {
  readonly expression: string;
}

const set = ({ path, payload }: Fact<DomainDefault>) =>
  `ALTER DOMAIN ${qualify(path)} SET DEFAULT ${payload.expression}`;

/** ALTER DOMAIN … SET DEFAULT (manual: pg_type.typdefault). */
export const domainDefault: Kind<DomainDefault> = {
  name: 'domain default',
  reference: (fact) => `DOMAIN ${qualify(fact.path)}`,
  summary: (fact) => `DEFAULT ${fact.payload.expression} ON ${qualify(fact.path)}`,
  // The dependencies of a domain beyond its base type and collation are those of its default.
  present: buildPresentQuery('pg_type', `typtype = 'd'`),
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, t.typname] as path,
    'pg_type:' || t.oid || ':0' as parent,
      array(select format('pg_type:%s:0>%s:%s:%s', t.oid, c.relname, d.refobjid, d.refobjsubid)
        from pg_depend d join pg_class c on c.oid = d.refclassid
        where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'n'
          and (d.refclassid, d.refobjid) not in (('pg_type'::regclass, t.typbasetype),
            ('pg_collation'::regclass, t.typcollation), ('pg_namespace'::regclass, t.typnamespace))) as edges,
      pg_get_expr(t.typdefaultbin, 0) as expression
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype = 'd' and t.typdefaultbin is not null
    and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create: set,
  drop: (fact) => `ALTER DOMAIN ${qualify(fact.path)} DROP DEFAULT`,
  alter: { expression: (_, to) => set(to) },
  inline: { clause: (fact) => `DEFAULT ${fact.payload.expression}` },
};
