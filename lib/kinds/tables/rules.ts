// Rewrite rules, but for those that are the query of a view.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { makeRenameOn } from '../schemas/renaming.ts';
import { buildEnablement, type Enablement } from './trigger-enablement.ts';

interface Rule {
  readonly definition: string;
  readonly firing: Enablement;
}

const tableOf = (fact: Fact<Rule, PartPath>) => qualify(fact.path.slice(0, 2));
const nameOf = (fact: Fact<Rule, PartPath>) => quote(fact.path[2]);

// `ENABLE REPLICA` + ` RULE r`
const fire = (fact: Fact<Rule, PartPath>) =>
  `ALTER TABLE ${tableOf(fact)} ${fact.payload.firing} RULE ${nameOf(fact)}`;

/** CREATE RULE (manual: catalog pg_rewrite). */
export const rule: Kind<Rule, PartPath> = {
  name: 'rule',
  reference: (fact) => `RULE ${nameOf(fact)} ON ${tableOf(fact)}`,
  present: buildPresentQuery('pg_rewrite', `rulename <> '_RETURN'`),
  introspect: () => `
    select array['pg_rewrite:' || r.oid || ':0'] as addresses, array[n.nspname, c.relname,
    r.rulename] as path,
      'pg_class:' || c.oid || ':0' as parent,
      rtrim(pg_get_ruledef(r.oid), ';') as definition, ${buildEnablement('r.ev_enabled')} as firing
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
    where r.rulename <> '_RETURN' and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => [fact.payload.definition, ...(fact.payload.firing === 'ENABLE' ? [] : [fire(fact)])],
  rename: makeRenameOn('RULE'),
  drop: (fact) => `DROP RULE ${nameOf(fact)} ON ${tableOf(fact)}`,
  alter: {
    definition: (_, to) => to.payload.definition.replace('CREATE', 'CREATE OR REPLACE'),
    firing: (_, to) => fire(to),
  },
  data: { afterRows: true },
};
