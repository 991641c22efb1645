// In which part of a schema file objects stand, in the order in which people read one.

/** A part of a schema file. */
export interface Section {
  readonly title: string;
  /** The names of its kinds; objects of all other kinds stand with their parent. */
  readonly kinds: readonly string[];
  /** True if, in a folder by object, the whole section is one file. */
  readonly together?: boolean;
  /** True if it would change objects that are created after it. */
  readonly last?: boolean;
}

/**
 * The sections of a schema file. Some must come last: owners after the objects that were created for them,
 * privileges after the owners, default privileges after all objects that they would affect, and event
 * triggers after all statements that would fire them.
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
    // Casts are used without being named.
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
  { title: 'Settings of the database', kinds: ['database setting'], together: true },
  { title: 'Others', kinds: [] },
  { title: 'Rows of materialized views', kinds: ['population'] },
  { title: 'Owners', kinds: ['owner'] },
  { title: 'Privileges', kinds: ['grant'] },
  { title: 'Default privileges', kinds: ['default privilege'], together: true, last: true },
  { title: 'Event triggers', kinds: ['event trigger'], together: true, last: true },
];

const places = new Map(sections.flatMap(({ kinds }, at) => kinds.map((kind) => [kind, at] as const)));

/** The index of a kind's section; undefined: its objects stand with their parent. */
export function findSection(kind: string): number | undefined {
  return places.get(kind);
}

/** The place of the section for what belongs nowhere else. */
export const otherSections = sections.findIndex(({ kinds }) => kinds.length === 0);
