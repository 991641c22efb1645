// Triggers on tables, foreign tables and views, and the partitions' copies where those fire otherwise.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import type { Statement } from '../../model/step.ts';
import { quoteName, quoteTable } from '../constraints/constraints.ts';
import { makeRenameOn } from '../schemas/renaming.ts';
import { buildEnablement, type Enablement } from './trigger-enablement.ts';

interface Trigger {
  readonly definition: string;
  readonly perRow: boolean;
  readonly firing: Enablement;
}

type State = Pick<Trigger, 'firing'>;

function state(fact: Fact<State, PartPath>, only: 'ONLY ' | '', to: Enablement): Statement {
  return {
    sql: `ALTER TABLE ${only}${quoteTable(fact)} ${to} TRIGGER ${quoteName(fact)}`,
    lock: 'SHARE ROW EXCLUSIVE',
  };
}

// Reaches all copies on partitions, so those that are to go on firing otherwise are set again.
function fire(to: Fact<Trigger, PartPath>, scope: Scope): Statement[] {
  return [state(to, '', to.payload.firing), ...fireCopies(to, scope)];
}

function fireCopies(to: Fact<Trigger, PartPath>, { before, after }: Scope): Statement[] {
  const different = [...after.facts.values()].filter(
    ({ id, kind, parent }) => kind === 'trigger state' && parent === to.id && before.facts.has(id),
  );
  return (different as Fact<State, PartPath>[]).map((copy) => state(copy, 'ONLY ', copy.payload.firing));
}

const constraint = ({ payload }: Fact<Trigger, PartPath>) =>
  payload.definition.startsWith('CREATE CONSTRAINT');
const create = ({ payload }: Fact<Trigger, PartPath>): Statement => ({
  sql: payload.definition,
  lock: 'SHARE ROW EXCLUSIVE',
});

/** CREATE TRIGGER (manual: catalog pg_trigger). */
export const trigger: Kind<Trigger, PartPath> = {
  name: 'trigger',
  reference: (fact) => `TRIGGER ${quoteName(fact)} ON ${quoteTable(fact)}`,
  present: buildPresentQuery('pg_trigger', 'not tgisinternal'),
  introspect: () => `
    select array['pg_trigger:' || t.oid || ':0'] as addresses, array[n.nspname, c.relname, t.tgname] as path,
      'pg_class:' || c.oid || ':0' as parent,
      pg_get_triggerdef(t.oid) as definition, t.tgtype & 1 > 0 as "perRow",
      ${buildEnablement('t.tgenabled')} as firing
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => [
    create(fact),
    ...(fact.payload.firing === 'ENABLE' ? [] : [state(fact, '', fact.payload.firing)]),
  ],
  rename: makeRenameOn('TRIGGER'),
  drop: (fact) => ({
    sql: `DROP TRIGGER ${quoteName(fact)} ON ${quoteTable(fact)}`,
    lock: 'ACCESS EXCLUSIVE',
  }),
  alter: {
    // Constraint triggers know no OR REPLACE; and it sets the trigger and its copies to fire (source:
    // CreateTriggerFiringOn in trigger.c). A trigger of a view knows no other state.
    definition: (from, to, scope) => {
      if (constraint(from) || constraint(to)) return 'replace';
      const replaced = { ...create(to), sql: to.payload.definition.replace('CREATE', 'CREATE OR REPLACE') };
      return [replaced, ...(to.payload.firing === 'ENABLE' ? fireCopies : fire)(to, scope)];
    },
    // Partitions would keep their copies, which only triggers per row have.
    perRow: (_, to, { before }) =>
      !to.payload.perRow && before.facts.get(`${to.parent}`)?.payload.partitionKey ? 'replace' : [],
    firing: (_, to, scope) => fire(to, scope),
  },
  data: {
    watchesRows: true,
    afterRows: true,
    firesFunction: true,
  },
};

/** A partition's copy of a trigger where it fires otherwise than the trigger it was copied from. */
export const triggerState: Kind<State, PartPath> = {
  name: 'trigger state',
  reference: (fact) => `TRIGGER ${quoteName(fact)} ON ${quoteTable(fact)}`,
  present: buildPresentQuery('pg_trigger', 'tgparentid <> 0'),
  introspect: () => `
    with recursive copies as (
      select t.oid, t.tgrelid, t.tgname, t.tgenabled, root.oid as root, root.tgenabled as usual
        from pg_trigger root join pg_trigger t on t.tgparentid = root.oid
        where root.tgparentid = 0 and not root.tgisinternal
      union all select t.oid, t.tgrelid, t.tgname, t.tgenabled, c.root, c.usual
        from copies c join pg_trigger t on t.tgparentid = c.oid)
    select array['pg_trigger:' || t.oid || ':0'] as addresses, array[n.nspname, c.relname, t.tgname] as path,
      'pg_trigger:' || t.root || ':0' as parent,
      array(select format('pg_inherits:%s:%s', i.inhrelid, i.inhparent) from pg_inherits i
        where i.inhrelid = t.tgrelid) as dies,
      ${buildEnablement('t.tgenabled')} as firing
    from copies t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgenabled <> t.usual`,
  create: (fact) => state(fact, 'ONLY ', fact.payload.firing),
  drop: (fact, { after }) => {
    const root = after.facts.get(fact.parent as string) as Fact<Trigger, PartPath> | undefined;
    return root === undefined ? [] : state(fact, 'ONLY ', root.payload.firing);
  },
  alter: { firing: (_, to) => state(to, 'ONLY ', to.payload.firing) },
};
