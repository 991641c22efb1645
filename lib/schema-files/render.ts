// Renders a catalog as schema files that a person can read and maintain.
import { kinds } from '../kinds/index.ts';
import { isOwnedBy } from '../kinds/named-objects.ts';
import { findSection, otherSections, type Section, sections } from '../kinds/sections.ts';
import { foldSerials } from '../kinds/sequences/serial-columns.ts';
import { type Catalog, getParent, withRelations } from '../model/catalog.ts';
import { makeDifference } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import type { Step } from '../model/step.ts';
import { planStatements } from '../plan/plan.ts';
import type { ReadingOrder } from '../plan/reading-order.ts';
import type { TextFile } from '../project/sql-files.ts';
import { orderFiles } from './load-order.ts';
import type { SchemaPlace } from './write.ts';

/** The input of a text. */
export interface TextInput {
  /** The catalog of a new database. */
  readonly nothing: Catalog;
  readonly catalog: Catalog;
  /** The place of the files, for messages. */
  readonly place: SchemaPlace;
  /** Pairs of facts where the text of one names the other. */
  readonly mentions: ReadingOrder['mentions'];
  /** Spells a statement so that newer servers read it, too. */
  readonly spell: (sql: string) => string;
}

/**
 * The schema as files, the same text for catalogs that hold the same, in the order in which psql can load
 * them.
 * @throws Problem `plan_cycle`
 */
export function renderSchema({ nothing, catalog, place, mentions, spell }: TextInput): TextFile[] {
  const { path, split } = place;
  const after = foldSerials(ofAnybody(catalog, nothing));
  const layout = new FileLayout(after, nothing);
  const { major } = catalog;
  const compare = (a: Fact, b: Fact) => layout.compare(a, b);
  const head = (fact: Fact) => layout.head(fact).id;
  const { steps: told, waits } = planStatements({
    difference: makeDifference(nothing, after, kinds),
    kinds,
    major,
    reading: { compare, head, mentions },
  });
  const steps = told.map((step) => ({ ...step, sql: spell(step.sql) }));
  if (steps.length === 0) return [];
  if (!split) return [{ file: path, text: textOf(steps, layout, true) }];
  // In a folder, a ranked statement belongs to one object or comes last.
  const before = waits(false);
  const placed = steps.map(({ fact }, at) => ({ file: layout.file(fact), waits: before[at] ?? [] }));
  const isLast = (file: string) => /^zz_/.test(file);
  return [...orderFiles(placed, isLast)].map(([file, own]) => ({
    file: `${path}/${file}`,
    text: textOf(
      own.map((at) => steps[at] as Step),
      layout,
      false,
    ),
  }));
}

// Objects of the reader's role belong to any role that loads the text, so their owner is left out.
function ofAnybody(catalog: Catalog, nothing: Catalog): Catalog {
  const owned = (fact: Fact) => isOwnedBy(fact, catalog.role) && !nothing.facts.has(fact.parent as string);
  const facts = new Map([...catalog.facts].filter(([, fact]) => !owned(fact)));
  return withRelations(catalog, facts, () => catalog);
}

// A section starts if all later statements belong to it or to later ones. A statement that is needed early
// starts none.
function textOf(steps: readonly Step[], layout: FileLayout, titled: boolean): string {
  const places = steps.map(({ fact }) => layout.section(layout.fact(fact)));
  for (let at = places.length - 2; at >= 0; at--)
    places[at] = Math.min(places[at] as number, places[at + 1] as number);
  const many = titled && new Set(places).size > 1;
  const parts = steps.map((step, at) => {
    const begins = many && places[at] !== places[at - 1];
    const title = begins ? `-- ${sections[places[at] as number]?.title}\n\n` : '';
    const close = !begins && at > 0 && layout.areClose(steps[at - 1] as Step, step);
    return `${at === 0 ? '' : close ? '\n' : '\n\n'}${title}${step.sql};`;
  });
  return `${parts.join('')}\n`;
}

// The file of each fact.
class FileLayout {
  readonly #after: Catalog;
  readonly #before: Catalog;
  readonly #keys = new Map<string, readonly (number | string)[]>();
  readonly #ranks = new Map([...kinds.keys()].map((name, rank) => [name, rank]));

  constructor(after: Catalog, before: Catalog) {
    this.#after = after;
    this.#before = before;
  }

  fact(id: string): Fact {
    return (this.#after.facts.get(id) ?? this.#before.facts.get(id)) as Fact;
  }

  section(fact: Fact): number {
    return findSection(this.head(fact).kind) ?? otherSections;
  }

  head(fact: Fact): Fact {
    if (findSection(fact.kind) !== undefined) return fact;
    const above = kinds.get(fact.kind)?.printsUnder?.(fact);
    if (above !== undefined) return this.head(this.fact(above));
    const parent = getParent(this.#after, fact) ?? getParent(this.#before, fact);
    return parent === undefined ? fact : this.head(parent);
  }

  compare(a: Fact, b: Fact): number {
    const [x, y] = [this.#key(a), this.#key(b)];
    for (let at = 0; at < x.length || at < y.length; at++) {
      const [one, other] = [x[at] ?? '', y[at] ?? ''];
      if (one !== other) return one < other ? -1 : 1;
    }
    return 0;
  }

  // Short statements of one kind are read like a list.
  areClose(a: Step, b: Step): boolean {
    const same = a.kind === b.kind || this.head(this.fact(a.fact)) === this.head(this.fact(b.fact));
    return (
      same &&
      [a, b].every(({ sql, action }) => !sql.includes('\n') && (listed.test(sql) || action === 'alter'))
    );
  }

  /** Its place in a folder by object: `tables/public.users.sql`. */
  file(id: string): string {
    const fact = this.fact(id);
    const top = this.#top(fact);
    const own = sections[this.section(fact)] as Section;
    // A statement that must come last does so even if it belongs to a schema.
    const { title, together, last } = own.last ? own : (sections[this.section(top)] as Section);
    const folder = `${last ? 'zz_' : ''}${title.toLowerCase().replaceAll(' ', '_')}`;
    if (together) return `${folder}.sql`;
    // In lower case, because on some machines `A.sql` and `a.sql` are one file.
    return `${folder}/${top.path.map((name) => name.replace(/[^\w-]/g, '_').toLowerCase()).join('.')}.sql`;
  }

  #top(fact: Fact): Fact {
    const parent = getParent(this.#after, fact) ?? getParent(this.#before, fact);
    return parent === undefined ? fact : this.#top(parent);
  }

  #depth(fact: Fact): number {
    const parent = getParent(this.#after, fact);
    return parent === undefined ? 0 : 1 + this.#depth(parent);
  }

  #key(fact: Fact): readonly (number | string)[] {
    const known = this.#keys.get(fact.id);
    if (known !== undefined) return known;
    const head = this.head(fact);
    const target = getParent(this.#after, fact) ?? fact;
    const key = [
      this.section(fact),
      // The sequence of a column follows the owner of its table.
      kinds.get(head.kind)?.data?.ownership ? head.position : 0,
      head.parent === null ? 0 : this.section(this.#top(head)),
      // A blank comes before all that names are made of.
      `${head.path.join(' ')}${head.signature}`,
      head.id,
      fact === head ? 0 : 1,
      this.#ranks.get(fact.kind) as number,
      this.#depth(fact),
      this.#ranks.get(target.kind) as number,
      target.position,
      fact.position,
    ];
    this.#keys.set(fact.id, key);
    return key;
  }
}

const listed = /^(COMMENT|GRANT|REVOKE|ALTER|CREATE (SCHEMA|EXTENSION|UNIQUE INDEX|INDEX)|REFRESH) /;
