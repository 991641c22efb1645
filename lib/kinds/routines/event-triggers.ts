// Event triggers: made last and dropped first, so that they do not fire while everything else is changed.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import { buildEnablement, type Enablement } from '../tables/trigger-enablement.ts';

interface EventTrigger {
  readonly event: string;
  readonly tags: readonly string[];
  readonly function: string;
  readonly firing: Enablement;
}

const fire = (fact: Fact<EventTrigger>) => `ALTER EVENT TRIGGER ${qualify(fact.path)} ${fact.payload.firing}`;

/** CREATE EVENT TRIGGER (manual: catalog pg_event_trigger). */
export const eventTrigger: Kind<EventTrigger> = {
  name: 'event trigger',
  words: { event: 'plain', tags: 'plain' },
  reference: (fact) => `EVENT TRIGGER ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_event_trigger'),
  introspect: () => `
    select array['pg_event_trigger:' || t.oid || ':0'] as addresses, array[t.evtname] as path,
      t.evtevent as event, coalesce(t.evttags, '{}') as tags,
      format('%I.%I()', n.nspname, p.proname) as function, ${buildEnablement('t.evtenabled')} as firing
    from pg_event_trigger t join pg_proc p on p.oid = t.evtfoid join pg_namespace n on n.oid = p.pronamespace
    where ${buildOwnCondition('pg_event_trigger', 't.oid')}`,
  create: (fact) => {
    const { event, tags, firing } = fact.payload;
    const when = tags.length === 0 ? '' : ` WHEN TAG IN (${tags.map(literal).join(', ')})`;
    const created =
      `CREATE EVENT TRIGGER ${qualify(fact.path)} ON ${event}${when} EXECUTE FUNCTION` +
      ` ${fact.payload.function}`;
    return firing === 'ENABLE' ? created : [created, fire(fact)];
  },
  rename: makeRename('EVENT TRIGGER'),
  drop: (fact) => `DROP EVENT TRIGGER ${qualify(fact.path)}`,
  alter: { event: 'replace', tags: 'replace', function: 'replace', firing: (_, to) => fire(to) },
  order: { rank: 10 },
  data: { afterRows: true, firesFunction: true },
};
