// From ordered nodes to SQL: asks the kinds, with the clauses of the children that a creation carries.
import { diff } from '../model/diff.ts';
import type { Fact, Payload } from '../model/fact.ts';
import type { Clause } from '../model/kind.ts';
import { writeMasked } from '../model/mask.ts';
import { qualify } from '../model/quote.ts';
import {
  type Action,
  type Hazard,
  listStatements,
  type Statement,
  type StatementScript,
  type TableLock,
  type UnsegmentedStep,
} from '../model/step.ts';
import type { FactAction, FactActions } from './actions.ts';
import type { InlinedClauses, OrderedActions } from './inline-clauses.ts';
import { findReaching } from './links.ts';
import type { Operation } from './node.ts';
import { writeOnline, writeOnlineChange } from './online.ts';

/** The SQL of a node: its operation, or the placeholder at the start of a creation. */
type WrittenNode = Operation | 'place';

const actions: Partial<Record<WrittenNode, Action>> = {
  alter: 'alter',
  create: 'create',
  fill: 'create',
  place: 'create',
};

/** Writes the steps of one node. */
export function write({ fates, folded }: OrderedActions, op: WrittenNode, id: string): UnsegmentedStep[] {
  const { scope } = fates;
  const fate = fates.of(id) as FactAction;
  const kind = fates.kind(id);
  const action = actions[op] ?? 'drop';
  const steps = (write: (show: (fact: Fact) => Fact) => StatementScript) =>
    toSteps(writeMasked(kind, write), action, fate);
  switch (op) {
    case 'drop': {
      const from = fate.from as Fact;
      if (fates.putAside(id)) return steps((show) => kind.order?.aside?.rename(show(from), scope) ?? []);
      return markLosses(
        steps((show) => writeOnline(fates, 'drop', fate, { scope, show }) ?? kind.drop(show(from), scope)),
        () => kind.data?.holdsData?.(from) ?? false,
      );
    }
    case 'finish':
      return steps((show) => kind.order?.aside?.finish(show(fate.from as Fact), scope) ?? []);
    case 'empty':
      return steps((show) => kind.order?.placeholder?.empty(show(fate.from as Fact), scope) ?? []);
    case 'place':
      return steps((show) => kind.order?.placeholder?.create(show(fate.to as Fact), scope) ?? []);
    case 'fill':
      return steps((show) => kind.order?.placeholder?.fill(show(fate.to as Fact), scope) ?? []);
    case 'create': {
      const inner = { ...scope, clauses: clauses(fates, id, folded) };
      return steps(
        (show) =>
          writeOnline(fates, 'create', fate, { scope: inner, show }) ??
          kind.create(show(fate.to as Fact), inner),
      );
    }
    case 'alter':
      return toSteps(alteration(fates, fate.from as Fact, fate.to as Fact, fate.attributes), action, fate);
  }
}

/** The remaining changes of a fact that the server created from one of its origins. */
export function correct(fates: FactActions, id: string): UnsegmentedStep[] {
  const fate = fates.of(id) as FactAction;
  const to = fate.to as Fact;
  const origin = to.origins.map((other) => fates.after.facts.get(other)).find((other) => other !== undefined);
  if (origin === undefined) return [];
  const made = (fact: Fact): Payload =>
    fates.kind(fact.id).inline?.carried?.(fact, fates.scope) ?? fact.payload;
  const known = Object.entries(made(origin)).filter(([name]) => name in to.payload);
  return corrections(fates, { ...to, payload: { ...made(to), ...Object.fromEntries(known) } }, to);
}

/** Drops a part, such as a default, that an heir got with its origin's clauses and should not have. */
export function disown({ fates, folded }: OrderedActions, id: string): UnsegmentedStep[] {
  const heir = fates.of(id)?.to as Fact;
  return lineage(fates, heir)
    .flatMap((origin) => folded.get(origin) ?? [])
    .flatMap((given) => {
      const fact = { ...given, id: `${given.kind}:${qualify(heir.path)}`, path: heir.path, parent: id };
      return fates.after.facts.has(fact.id) ? [] : remove(fates, fact);
    });
}

// The origins of a fact, their origins, and so on.
function lineage(fates: FactActions, { origins }: Fact): string[] {
  return origins.flatMap((id) => {
    const origin = fates.after.facts.get(id);
    return origin === undefined ? [] : [id, ...lineage(fates, origin)];
  });
}

/** The remaining changes of a fact whose clause did not contain all of it, and of its inlined parts. */
export function complete(actions: OrderedActions, id: string): UnsegmentedStep[] {
  const { fates, folded } = actions;
  return (folded.get(id) ?? []).flatMap((fact) => {
    const payload = fates.kind(fact.id).inline?.carried?.(fact, fates.scope);
    const rest = payload === undefined ? [] : corrections(fates, { ...fact, payload }, fact);
    return [...rest, ...complete(actions, fact.id)];
  });
}

function corrections(fates: FactActions, made: Fact, to: Fact): UnsegmentedStep[] {
  const one = (fact: Fact) => ({ ...fates.after, facts: new Map([[fact.id, fact]]) });
  const changed = diff(one(made), one(to), fates.kinds).changed[0];
  if (changed === undefined) return [];
  return toSteps(alteration(fates, made, to, changed.attributes), 'alter', fates.of(to.id) as FactAction);
}

function clauses(fates: FactActions, id: string, folded: InlinedClauses): Clause[] {
  return (folded.get(id) ?? []).flatMap((fact) => {
    const inner = { ...fates.scope, clauses: clauses(fates, fact.id, folded) };
    const sql = fates.kind(fact.id).inline?.clause?.(fact, inner) ?? null;
    return sql === null || sql === '' ? [] : [{ fact, sql }];
  });
}

function alteration(fates: FactActions, from: Fact, to: Fact, attributes: readonly string[]): Statement[] {
  const { scope } = fates;
  const kind = fates.kind(to.id);
  const own = attributes.filter((name) => !reached(fates, to, name));
  return writeMasked(kind, (show) =>
    own.flatMap((name) => {
      const change = kind.alter[name];
      const plain = () => (typeof change === 'function' ? change(show(from), show(to), scope) : []);
      const script = writeOnlineChange(fates, name, show(from), show(to)) ?? plain();
      return script === 'replace' ? [] : listStatements(script);
    }),
  );
}

// An origin's command has already done it.
function reached(fates: FactActions, fact: Fact, attribute: string): boolean {
  if (!fates.kind(fact.id).order?.recurses?.includes(attribute)) return false;
  return findReaching(fates, fact).some((origin) => {
    const fate = fates.of(origin);
    return fate?.action === 'alter' && fate.attributes.includes(attribute);
  });
}

/** Takes away a fact that has no fate of its own. */
export function remove(fates: FactActions, fact: Fact): UnsegmentedStep[] {
  const kind = fates.kind(fact.id);
  return toSteps(
    writeMasked(kind, (show) => kind.drop(show(fact), fates.scope)),
    'drop',
    fact,
  );
}

function toSteps(
  statements: readonly Statement[],
  action: Action,
  { id }: { readonly id: string },
): UnsegmentedStep[] {
  const seen = new Set<string>();
  const kind = id.slice(0, id.indexOf(':'));
  return statements.flatMap(
    ({ sql, shown, lock = null, transactional = true, checks = [], part, ...own }) => {
      if (seen.has(sql)) return [];
      seen.add(sql);
      const told = shown === undefined ? {} : { shown };
      const hazards = blocking(own.hazards ?? [], lock);
      const asked = checks.length === 0 ? {} : { checks };
      const words = part === undefined ? {} : { part };
      return [{ sql, ...told, action, kind, fact: id, hazards, lock, transactional, ...asked, ...words }];
    },
  );
}

/** The same steps, of which those that are meant delete data. */
export function markLosses(
  steps: readonly UnsegmentedStep[],
  meant: (step: UnsegmentedStep) => boolean,
): UnsegmentedStep[] {
  return steps.map((step) =>
    meant(step) && !step.hazards.includes('deletes_data')
      ? { ...step, hazards: ['deletes_data', ...step.hazards] }
      : step,
  );
}

// A long step under this lock blocks readers and writers (manual: "Explicit Locking").
function blocking(hazards: readonly Hazard[], lock: TableLock): readonly Hazard[] {
  const isLong = hazards.some((hazard) => hazard === 'rewrites_table' || hazard === 'blocks_reads');
  if (!isLong || lock !== 'ACCESS EXCLUSIVE') return hazards;
  return [...new Set<Hazard>([...hazards, 'blocks_reads', 'blocks_writes'])];
}
