// The document of each schema: its tables, views, types, routines and sequences.

import type {
  DescribedRelation,
  DescribedRoutine,
  DescribedSequence,
  DescribedType,
  Description,
} from '../describe/description.ts';
import { qualify } from '../model/quote.ts';
import { formatCount } from '../problem/amount.ts';
import { anchorOf, type Block, joinLines, type RichLine, type SchemaDocument } from './blocks.ts';
import { describeGrants, describeOwner } from './grants.ts';
import { relationBlocks } from './relations.ts';

// Every new database has this comment on the schema `public`.
const usual = 'standard public schema';

/** The documents of a description, one for each schema. Partitions are named with their table. */
export function documentSchemas(description: Description): SchemaDocument[] {
  const of = <One extends { readonly path: readonly [string, string] }>(
    list: readonly One[],
    schema: string,
  ) => list.filter(({ path }) => path[0] === schema);
  const documents = description.schemas.map((schema) => {
    const { name } = schema;
    const relations = of(description.relations, name).filter(({ partitionOf }) => partitionOf === null);
    const types = of(description.types, name);
    const routines = of(description.routines, name);
    const sequences = of(description.sequences, name);
    const blocks = [
      ...describeOwner(schema.owner),
      ...describeGrants('SCHEMAS', description.major, [{ grants: schema.grants, columns: null }]),
      ...relations.flatMap((relation) => relationBlocks(relation, description)),
      ...typeBlocks(types, description.major),
      ...routineBlocks(routines, description.major),
      ...sequenceBlocks(sequences, description.major),
    ];
    const counts = countObjects(relations, types, routines);
    return { schema: name, comment: schema.comment === usual ? null : schema.comment, counts, blocks };
  });
  return withoutDeadLinks(documents);
}

// A foreign key may reference a partition or an ignored table, which have no section.
function withoutDeadLinks(documents: readonly SchemaDocument[]): SchemaDocument[] {
  const blocks = documents.flatMap((document) => document.blocks);
  const known = new Set(blocks.flatMap((block) => (block.is === 'heading' ? [block.id] : [])));
  const keep = (line: RichLine): RichLine =>
    line.map((inline) =>
      typeof inline === 'string' || 'code' in inline || known.has(inline.to.id)
        ? inline
        : { code: inline.label },
    );
  return documents.map((document) => ({
    ...document,
    blocks: document.blocks.map((block) =>
      block.is === 'table'
        ? { ...block, rows: block.rows.map((row) => row.map(keep)) }
        : { ...block, text: keep(block.text) },
    ),
  }));
}

function countObjects(
  relations: readonly DescribedRelation[],
  types: readonly DescribedType[],
  routines: readonly DescribedRoutine[],
): string[] {
  const views = relations.filter(({ sort }) => sort.endsWith('view')).length;
  const counts: [number, string][] = [
    [relations.length - views, 'table'],
    [views, 'view'],
    [types.length, 'type'],
    [routines.length, 'routine'],
  ];
  return counts.flatMap(([count, noun]) => (count === 0 ? [] : [formatCount(count, noun)]));
}

function typeBlocks(types: readonly DescribedType[], major: number): Block[] {
  return types.flatMap((type) => [
    {
      is: 'heading',
      level: 2,
      id: anchorOf('type', type.path).id,
      text: [`${titles[type.sort]} `, { code: qualify(type.path) }],
    },
    ...(type.comment === null ? [] : [{ is: 'paragraph', text: [type.comment] } as const]),
    ...typeBody(type),
    ...typeGrants(type, major),
  ]);
}

// Every role may use a type, until that is revoked.
function typeGrants({ grants }: DescribedType, major: number): Block[] {
  const [first] = grants;
  if (grants.length === 1 && first?.role === 'PUBLIC') return [];
  if (grants.length === 0) return [{ is: 'paragraph', text: ['No other role than its owner may use it.'] }];
  return describeGrants('TYPES', major, [{ grants, columns: null }]);
}

const titles = { enum: 'Enum', composite: 'Composite type', domain: 'Domain', range: 'Range type' } as const;

function typeBody({ sort, labels, attributes, base, notNull, checks, ...type }: DescribedType): Block[] {
  if (sort === 'enum')
    return [
      {
        is: 'paragraph',
        text: joinLines(
          labels.map((label) => [{ code: label }]),
          ', ',
        ),
      },
    ];
  if (sort === 'composite')
    return [
      {
        is: 'table',
        head: ['Attribute', 'Type', 'Comment'],
        rows: attributes.map(({ name, typeText, comment }) => [
          [{ code: name }],
          [{ code: typeText }],
          [comment ?? ''],
        ]),
      },
    ];
  const parts: RichLine[] = [
    [sort === 'range' ? 'Ranges of ' : 'Based on ', { code: base ?? '' }],
    ...(notNull ? [[{ code: 'NOT NULL' }]] : []),
    ...(type.default === null ? [] : [['default ', { code: type.default }]]),
    ...checks.map((check): RichLine => [{ code: check }]),
  ];
  return [{ is: 'paragraph', text: joinLines(parts, ', ') }];
}

function routineBlocks(routines: readonly DescribedRoutine[], major: number): Block[] {
  const named = new Map<string, DescribedRoutine[]>();
  for (const one of routines) named.set(one.path[1], [...(named.get(one.path[1]) ?? []), one]);
  return [...named.values()].flatMap((each) => {
    const [first] = each as [DescribedRoutine];
    const title = { ...routineTitles }[first.sort];
    const text: RichLine = [`${title} `, { code: qualify(first.path) }];
    return [
      { is: 'heading', level: 2, id: anchorOf('routine', first.path).id, text } as const,
      ...each.flatMap((routine) => routineBody(routine, major)),
    ];
  });
}

const routineTitles = {
  function: 'Function',
  procedure: 'Procedure',
  aggregate: 'Aggregate',
  'window function': 'Window function',
} as const;

function routineBody(routine: DescribedRoutine, major: number): Block[] {
  const { path, argumentText, resultText, language, volatility, securityDefiner, comment } = routine;
  const result = resultText === null ? '' : ` returns ${resultText}`;
  const facts = [
    language,
    ...(routine.sort === 'procedure' ? [] : [volatility]),
    ...(securityDefiner ? ['security definer'] : []),
  ];
  return [
    { is: 'paragraph', text: [{ code: `${qualify(path)}(${argumentText})${result}` }] },
    { is: 'paragraph', text: [`Language and attributes: ${facts.join(', ')}.`] },
    ...(comment === null ? [] : [{ is: 'paragraph', text: [comment] } as const]),
    ...describeOwner(routine.owner),
    ...describeGrants('FUNCTIONS', major, [{ grants: routine.grants, columns: null }]),
  ];
}

function sequenceBlocks(sequences: readonly DescribedSequence[], major: number): Block[] {
  if (sequences.length === 0) return [];
  return [
    { is: 'heading', level: 2, id: null, text: ['Sequences'] },
    {
      is: 'table',
      head: ['Sequence', 'Type', 'Comment'],
      rows: sequences.map(({ path, typeText, comment }) => [
        [{ code: qualify(path) }],
        [{ code: typeText }],
        [comment ?? ''],
      ]),
    },
    ...sequences.flatMap(({ path, grants }) => {
      const granted = describeGrants('SEQUENCES', major, [{ grants, columns: null }]);
      const name = { is: 'paragraph', text: ['Privileges on ', { code: qualify(path) }, ':'] } as const;
      return granted.length === 0 ? [] : [name, ...granted];
    }),
  ];
}
