// Reads a description of a database, in the order of names.
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import type {
  DescribedGrant,
  DescribedRelation,
  DescribedRoutine,
  DescribedSchema,
  DescribedSequence,
  DescribedType,
  DescribedValueType,
  Description,
  ObjectPath,
} from './description.ts';
import { descriptionQueries } from './queries.ts';

interface Answers {
  schemas: DescribedSchema[];
  extensions: { name: string }[];
  relations: DescribedRelation[];
  types: DescribedType[];
  routines: DescribedRoutine[];
  sequences: DescribedSequence[];
  values: (DescribedValueType & { oid: string })[];
}

/**
 * Reads the description of a database. The caller says in which snapshot and with which settings it runs.
 * @throws Problem `tenant_described`; of the connection
 */
export async function readDescription(connection: Connection): Promise<Description> {
  // It describes a whole database, and names of a tenant would be those of another schema.
  if (connection.schemas !== undefined)
    throw new Problem('tenant_described', { environment: connection.description });
  const names = Object.keys(descriptionQueries) as (keyof Answers)[];
  const found: Partial<Record<keyof Answers, unknown>> = {};
  const queries = names.map(
    (name) => `select coalesce(json_agg(r), '[]') from (${descriptionQueries[name]}\n) r`,
  );
  await connection.stream(queries, (value, index) => {
    found[names[index] as keyof Answers] = value;
  });
  return sorted(connection.major, found as Answers);
}

function sorted(major: number, answers: Answers): Description {
  const { schemas, extensions, relations, types, routines, sequences, values } = answers;
  return {
    major,
    schemas: sortBy(schemas, ({ name }) => name).map(withSortedGrants),
    extensions: extensions.map(({ name }) => name).sort(compareText),
    relations: sortBy(relations, keyOf).map(sortParts),
    types: sortBy(types, keyOf).map(withSortedGrants),
    routines: sortBy(routines, (one) => `${keyOf(one)}\0${one.signature}`).map(withSortedGrants),
    sequences: sortBy(sequences, keyOf).map(withSortedGrants),
    values: new Map(values.map(({ oid, ...type }) => [oid, type])),
  };
}

function sortParts(relation: DescribedRelation): DescribedRelation {
  const { columns, constraints, indexes, triggers, policies } = relation;
  return {
    ...withSortedGrants(relation),
    columns: columns.map(withSortedGrants),
    constraints: sortBy(constraints, ({ sort, name }) => `${sorts.indexOf(sort)}${name}`),
    indexes: sortBy(indexes, ({ name }) => name),
    triggers: sortBy(triggers, ({ name }) => name),
    policies: sortBy(policies, ({ name }) => name),
  };
}

const sorts = ['primary', 'unique', 'exclusion', 'check', 'foreign'];

function withSortedGrants<Object extends { readonly grants: readonly DescribedGrant[] }>(
  one: Object,
): Object {
  return { ...one, grants: sortBy(one.grants, ({ role }) => role) };
}

// Not by the rules of a language: the order must be the same on every machine.
function sortBy<One>(list: readonly One[], key: (one: One) => string): One[] {
  return [...list].sort((a, b) => compareText(key(a), key(b)));
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function keyOf({ path }: { readonly path: ObjectPath }): string {
  return path.join('\0');
}
