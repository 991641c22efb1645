// Decides the action for each fact: from the diff, and from the changes of the facts that it depends on.
import { type Catalog, edgeKey } from '../model/catalog.ts';
import type { Diff } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import type { AnyKind, Kinds, Scope } from '../model/kind.ts';
import { Problem } from '../problem/problem.ts';
import { collectHeirs, findLinkAbove, findStiffLinks, type Heirs } from './heirs.ts';
import { pushTo } from './lists.ts';
import { withoutMoved } from './moved-names.ts';
import { type Operation, type PlanNode, PlanNodes } from './node.ts';
import { isOverload } from './overloads.ts';
import { type Contested, findContested, findRivals } from './rivals.ts';

/** The action of a plan on one fact. An unaffected fact has none. */
export interface FactAction {
  readonly id: string;
  readonly action: 'create' | 'drop' | 'alter' | 'replace';
  readonly from: Fact | undefined;
  readonly to: Fact | undefined;
  /** Attributes to alter, in the payload's order. */
  readonly attributes: readonly string[];
}

/** Fates by fact id, and the questions a planner asks of them. */
export class FactActions {
  readonly before: Catalog;
  readonly after: Catalog;
  readonly kinds: Kinds;
  readonly all = new Map<string, FactAction>();
  readonly #dependents = new Map<string, string[]>();
  // Those that are altered to need a fact that they did not need before.
  readonly #newcomers = new Map<string, string[]>();
  readonly #taken = new Set<string>();
  readonly #heirs: Heirs;
  /** Facts that the server would choose from when the plan creates a link. */
  readonly contested: readonly Contested[];
  readonly scope: Scope;
  readonly #nodes = new PlanNodes();

  constructor(difference: Diff, scope: Omit<Scope, 'makes' | 'alone'>) {
    this.before = scope.before;
    this.after = scope.after;
    this.kinds = scope.kinds;
    this.scope = { ...scope, makes: (id) => this.comes(id), alone: (id) => this.dropsAlone(id) };
    this.#heirs = collectHeirs(scope.before);
    for (const [id, needed] of scope.before.needs)
      for (const other of needed.keys()) if (other !== id) pushTo(this.#dependents, other, id);
    this.contested = findContested(scope.after, scope.kinds);
    this.#decide(difference);
  }

  /** The node of an operation on a fact. */
  node(op: Operation, id: string): PlanNode {
    return this.#nodes.of(op, id);
  }

  kind(id: string): AnyKind {
    const name = id.slice(0, id.indexOf(':'));
    const kind = this.kinds.get(name);
    if (kind === undefined) throw new Problem('internal', { reason: `no kind named ${name}` });
    return kind;
  }

  of(id: string): FactAction | undefined {
    return this.all.get(id);
  }

  /** True if the old fact goes away: it is dropped, or replaced. */
  goes(id: string): boolean {
    const action = this.all.get(id)?.action;
    return action === 'drop' || action === 'replace';
  }

  /** True if the new fact is created. */
  comes(id: string): boolean {
    const action = this.all.get(id)?.action;
    return action === 'create' || action === 'replace';
  }

  /** True if the server refuses its change while other objects depend on it. */
  isBlocked(id: string): boolean {
    const { action, attributes = [] } = this.all.get(id) ?? {};
    const { blockedByDependents = [] } = this.kind(id).order ?? {};
    return (
      action === 'alter' &&
      attributes.some((name) => blockedByDependents.includes(name) && this.#isChange(id, name))
    );
  }

  /** True if it is set aside instead of dropped, because facts with data must still be moved off it. */
  putAside(id: string): boolean {
    const fate = this.all.get(id);
    if (fate?.from === undefined || this.kind(id).order?.aside === undefined || !this.#makesRoom(fate))
      return false;
    return fate.from.parent === null || !this.goes(fate.from.parent);
  }

  // Its successor is another object of the same name: its replacement, or one of another kind.
  #makesRoom({ id, action, from }: FactAction): boolean {
    if (action !== 'drop') return action === 'replace';
    return (
      this.kind(id)
        .order?.slots?.(from as Fact)
        .some((slot) => this.#taken.has(slot)) ?? false
    );
  }

  /** The inherited facts that a fact's drop would also drop, through a link. */
  heirs(id: string): { readonly heir: string; readonly link: string }[] {
    return (this.#heirs.get(id) ?? []).flatMap((heir) => {
      const link = heir.outlives ? undefined : this.#findLinkAbove(heir, id);
      const others = heir.origins.filter((other) => other !== id && !this.goes(other));
      const isHeld = others.some((other) => !this.goes(this.#findLinkAbove(heir, other) ?? other));
      return link === undefined || isHeld ? [] : [{ heir: heir.id, link }];
    });
  }

  #findLinkAbove(heir: Fact, origin: string): string | undefined {
    return findLinkAbove(this.before, heir, this.before.facts.get(origin));
  }

  /** True if it is dropped without its inherited facts, because some of them stay. */
  dropsAlone(id: string): boolean {
    const fact = this.before.facts.get(id);
    if (fact === undefined || !this.goes(id) || !this.kind(id).order?.dropsAlone?.(fact, this.scope))
      return false;
    return this.heirs(id).some(({ heir, link }) => !this.goes(link) && this.#stays(heir));
  }

  #stays(id: string): boolean {
    return this.after.facts.has(id) && !this.goes(id);
  }

  #decide(difference: Diff): void {
    for (const fact of difference.added)
      for (const slot of this.kind(fact.id).order?.slots?.(fact) ?? []) this.#taken.add(slot);
    for (const from of difference.removed)
      this.#set({ id: from.id, action: 'drop', from, to: undefined, attributes: [] });
    for (const to of difference.added)
      this.#set({ id: to.id, action: 'create', from: undefined, to, attributes: [] });
    for (const { from, to, attributes } of withoutMoved(difference.changed, this)) {
      const replace = attributes.some((name) => this.#change(from, to, name) === 'replace');
      this.#set({ id: to.id, action: replace ? 'replace' : 'alter', from, to, attributes });
    }
    for (const { id, action } of this.all.values())
      for (const needed of (action === 'alter' && this.after.needs.get(id)?.keys()) || [])
        if (!this.before.needs.get(id)?.has(needed)) pushTo(this.#newcomers, needed, id);
    let queue = [...this.all.keys()];
    while (queue.length > 0) {
      // It grows while it is walked.
      for (const id of queue) queue.push(...this.#consequences(id));
      queue = [...[...this.all.values()].flatMap((fate) => this.#torn(fate)), ...this.#outOfTurn()];
    }
  }

  #set(fate: FactAction): void {
    this.all.set(fate.id, fate);
  }

  // False if another change makes this one too.
  #isChange(id: string, attribute: string): boolean {
    const { from, to } = this.all.get(id) as FactAction;
    const change = this.#change(from as Fact, to as Fact, attribute);
    return !(Array.isArray(change) && change.length === 0);
  }

  #change(from: Fact, to: Fact, attribute: string): unknown {
    const change = this.kind(to.id).alter[attribute];
    return typeof change === 'function' ? change(from, to, this.scope) : change;
  }

  // The facts whose fate changes because of this one's; they have to be looked at in turn.
  #consequences(id: string): string[] {
    const fate = this.all.get(id) as FactAction;
    const changed = findStiffLinks(fate, this, this.#heirs).filter((link) => this.#stays(link));
    for (const link of changed) this.#replace(link);
    const gone = this.goes(id);
    const blocked = this.isBlocked(id);
    if (gone || blocked) {
      const newcomers = blocked ? this.#newcomers.get(id) : undefined;
      for (const dependent of [...(this.#dependents.get(id) ?? []), ...(newcomers ?? [])]) {
        if (this.goes(dependent) || !this.after.facts.has(dependent)) continue;
        if (gone ? this.#rebuild(dependent, id) : this.#makeWay(dependent)) changed.push(dependent);
      }
    }
    changed.push(...this.#parentInstead(id));
    if (gone && !this.dropsAlone(id))
      for (const { heir, link } of this.heirs(id))
        if (this.#stays(heir) && !this.goes(link)) {
          this.#replace(heir);
          changed.push(heir);
        }
    if (gone && this.#inseverable(fate.from as Fact)) {
      const parent = (fate.from as Fact).parent as string;
      const dies = this.before.dies.get(id) ?? new Set();
      const implied = [...dies].some((other) => this.goes(other));
      if (!implied && this.after.facts.has(parent) && !this.goes(parent)) {
        this.#replace(parent);
        changed.push(parent);
      }
    }
    return changed;
  }

  // The other end of a link that no command can remove alone: it is created again, unless the linked fact
  // goes with another one.
  #torn({ id, from }: FactAction): string[] {
    if (!this.goes(id) || !this.#inseverable(from as Fact)) return [];
    const part = (from as Fact).parent as string;
    const goesBy = (other: string, except: string) =>
      [...(this.before.dies.get(other) ?? [])].some((cause) => cause !== except && this.goes(cause));
    const torn = [...(this.before.needs.get(id)?.keys() ?? [])].filter(
      (upper) =>
        this.before.links.get(edgeKey(part, upper)) === id &&
        this.#stays(upper) &&
        !goesBy(id, part) &&
        !goesBy(part, upper),
    );
    for (const upper of torn) this.#replace(upper);
    return torn;
  }

  // Existing facts that the server would mistake for another one when it links their parent.
  #outOfTurn(): string[] {
    const found = this.contested.flatMap(({ part, upper, link }) =>
      this.comes(link) && !this.comes(upper.id)
        ? findRivals(this.after, this.kinds, part).filter(
            ({ id }) => this.before.facts.has(id) && !this.goes(id),
          )
        : [],
    );
    for (const { id } of found) this.#replace(id);
    return found.map(({ id }) => id);
  }

  #inseverable(fact: Fact): boolean {
    const { inseverable = false } = this.kind(fact.id).order ?? {};
    const bound = typeof inseverable === 'function' ? inseverable(fact, this.scope) : inseverable;
    return bound && fact.parent !== null;
  }

  #rebuild(dependent: string, gone: string): boolean {
    const fate = this.all.get(dependent);
    const fact = this.before.facts.get(dependent) as Fact;
    const kind = this.kind(dependent);
    const stillNeeds = this.after.needs.get(dependent)?.has(gone) || this.#isSucceeded(gone, dependent);
    const movable = kind.data?.holdsData?.(fact) && fact.parent !== gone && this.putAside(gone);
    const retargets = movable && kind.order?.retarget !== undefined;
    if (!stillNeeds && !retargets && !kind.order?.bound && fate?.action === 'alter') return false;
    if (retargets) {
      const attributes = new Set([...(fate?.attributes ?? []), String(kind.order?.retarget)]);
      if (attributes.size === fate?.attributes.length) return false;
      this.#set({
        id: dependent,
        action: 'alter',
        from: fact,
        to: this.after.facts.get(dependent),
        attributes: Object.keys(fact.payload).filter((name) => attributes.has(name)),
      });
    } else this.#replace(dependent);
    return true;
  }

  // The parent of a fact that the server refuses to add to it, or to move to another type.
  #parentInstead(id: string): string[] {
    const { to, action, attributes } = this.all.get(id) as FactAction;
    const parent = to?.parent ?? null;
    if (parent === null || !this.before.facts.has(parent) || this.goes(parent)) return [];
    const { refused, retarget } = this.kind(id).order ?? {};
    const isAsked = action === 'alter' ? attributes.includes(String(retarget)) : this.comes(id);
    const isRefused = isAsked && refused?.(to as Fact, this.scope);
    if (isRefused) this.#replace(parent);
    return isRefused ? [parent] : [];
  }

  // True if a changed fact would still reach the old one by its name: another object takes the name, or an
  // overload that the dependent needs.
  #isSucceeded(gone: string, dependent: string): boolean {
    const fate = this.all.get(gone) as FactAction;
    if (fate.action !== 'drop') return false;
    const coming = [...(this.after.needs.get(dependent)?.keys() ?? [])]
      .map((id) => this.all.get(id))
      .flatMap((other) => (other?.action === 'create' && other.to) || []);
    return this.#makesRoom(fate) || coming.some((to) => isOverload(fate.from as Fact, to));
  }

  #makeWay(dependent: string): boolean {
    const kind = this.kind(dependent);
    if (kind.order?.followsChanges || kind.data?.holdsData?.(this.before.facts.get(dependent) as Fact))
      return false;
    this.#replace(dependent);
    return true;
  }

  #replace(id: string): void {
    const from = this.before.facts.get(id);
    const to = this.after.facts.get(id);
    this.#set({ id, action: 'replace', from, to, attributes: [] });
  }
}
