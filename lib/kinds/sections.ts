// In which part of a schema file objects stand, in the order in which people read one.

/** A part of a schema file. */
export interface Section {
  readonly title: string;
  /** Names of the kinds that stand in it; all others stand with what they are part of. */
  readonly kinds: readonly string[];
  /** Whether, in a folder by object, all of it is one file. */
  readonly together?: boolean;
  /** Whether it would change what is made after it. */
  readonly last?: boolean;
}

/**
 * The parts. What comes last has to: owners after what was made for them, privileges after the owners, default privileges
 * after all that they would touch, and event triggers after all that would set them off.
 */
export const sections: readonly Section[] = [
  { title: 'Schemas', kinds: ['schema'], together: true },
  { title: 'Extensions', kinds: ['extension'], together: true },
  { title: 'Languages', kinds: ['language', 'access method'], together: true },
  {
    title: 'Types',
    kinds: ['collation', 'shell type', 'enum type', 'composite type', 'domain', 'range type', 'base type'],
  },
  {
    title: 'Text search',
    kinds: [
      'text search parser',
      'text search template',
      'text search dictionary',
      'text search configuration',
    ],
  },
  { title: 'Foreign servers', kinds: ['foreign data wrapper', 'server', 'user mapping'] },
  {
    // Casts are needed where nobody writes them.
    title: 'Operators',
    kinds: ['operator', 'operator family', 'operator class', 'cast', 'transform', 'conversion'],
  },
  { title: 'Sequences', kinds: ['sequence'] },
  { title: 'Tables', kinds: ['table', 'foreign table'] },
  { title: 'Views', kinds: ['view', 'materialized view'] },
  { title: 'Functions', kinds: ['function', 'procedure', 'aggregate'] },
  { title: 'Rules', kinds: ['rule'] },
  { title: 'Triggers', kinds: ['trigger'] },
  { title: 'Policies', kinds: ['policy'] },
  { title: 'Replication', kinds: ['publication', 'subscription'] },
  { title: 'Others', kinds: [] },
  { title: 'Rows of materialized views', kinds: ['population'] },
  { title: 'Owners', kinds: ['owner'] },
  { title: 'Privileges', kinds: ['grant'] },
  { title: 'Default privileges', kinds: ['default privilege'], together: true, last: true },
  { title: 'Event triggers', kinds: ['event trigger'], together: true, last: true },
];

const places = new Map(sections.flatMap(({ kinds }, at) => kinds.map((kind) => [kind, at] as const)));

/** The place of a kind's section; undefined: its objects stand with what they are part of. */
export function findSection(kind: string): number | undefined {
  return places.get(kind);
}

/** The place of the section for what belongs nowhere else. */
export const otherSections = sections.findIndex(({ kinds }) => kinds.length === 0);
