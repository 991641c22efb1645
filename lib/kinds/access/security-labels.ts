// Security labels, one per provider and object.
import { type Fact, ownName } from '../../model/fact.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { literal, quote } from '../../model/quote.ts';
import { buildOwnObject, describeParent, formatReference } from '../schemas/targets.ts';

interface SecurityLabel {
  readonly label: string;
}

const providerOf = (fact: Fact<SecurityLabel>) => quote(ownName(fact.path));
const set = (fact: Fact<SecurityLabel>, scope: Scope, label: string) =>
  `SECURITY LABEL FOR ${providerOf(fact)} ON ${formatReference(fact, scope)} IS ${label}`;

/** SECURITY LABEL (manual: catalog pg_seclabel). The path ends with the provider. */
export const securityLabel: Kind<SecurityLabel> = {
  name: 'security label',
  words: { label: 'plain' },
  reference: (fact) => `SECURITY LABEL FOR ${providerOf(fact)} ON ${describeParent(fact)}`,
  introspect: () => `
    select '{}'::text[] as addresses, array[l.provider] as path,
      format('%s:%s:%s', c.relname, l.objoid, l.objsubid) as target, l.label
    from (select classoid, objoid, objsubid, provider, label from pg_seclabel
        union all select classoid, objoid, 0, provider, label from pg_shseclabel
        where classoid = 'pg_subscription'::regclass) l
      join pg_class c on c.oid = l.classoid
    where ${buildOwnObject('l.classoid', 'l.objoid')}`,
  create: (fact, scope) => set(fact, scope, literal(fact.payload.label)),
  drop: (fact, scope) => set(fact, scope, 'NULL'),
  alter: { label: (_, to, scope) => set(to, scope, literal(to.payload.label)) },
  order: { followsChanges: true },
};
