// Migrations that refer to a schema which `ignore` leaves out: no migration makes it, so no shadow has it.
import { kinds } from '../kinds/index.ts';
import { type Catalog, getRoot } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { stripPublic } from '../model/fact-name.ts';
import { quote } from '../model/quote.ts';
import { configFile } from '../problem/config-file.ts';
import { Problem } from '../problem/problem.ts';
import { isIgnoredSchema, withoutIgnored } from '../project/ignore.ts';
import type { Project } from '../project/project.ts';

const listed = 3;

/**
 * The problem of a shadow that lacks an object of an ignored schema; any other problem as it is.
 * @param wanted the wanted schema; null: it could not be loaded
 */
export function explainIgnored(
  { ignore }: Pick<Project, 'ignore'>,
  wanted: Catalog | null,
  thrown: unknown,
): unknown {
  if (!(thrown instanceof Problem) || ignore === undefined) return thrown;
  const { code, data, where } = thrown;
  if (code !== 'missing_object' && code !== 'missing_relation') return thrown;
  const needs = wanted === null ? [] : findNeeds(wanted, ignore);
  const named = ('name' in data ? String(data.name) : '').split('.')[0] ?? '';
  const schema = needs[0]?.schema ?? named;
  if (!isIgnoredSchema(ignore, schema)) return thrown;
  const more = needs.length > listed ? ` and ${needs.length - listed} more` : '';
  const told = needs.slice(0, listed).map(({ text }) => text);
  const reason =
    `\`ignore\` leaves out the schema ${schema}, but` +
    ` ${told.join(', ') || 'this statement needs it'}${more}.` +
    ' Name the schema in `external` instead, with the SQL that creates it:' +
    ` external: { ${quote(schema)}: '${schema}.sql' }`;
  return new Problem('bad_config', { file: configFile(), reason }, { where, cause: thrown });
}

const nameOf = (fact: Fact) => stripPublic(kinds.get(fact.kind)?.reference(fact) ?? fact.id);

interface IgnoredNeed {
  readonly schema: string;
  /** `CONSTRAINT orders_plan_fkey ON orders needs TABLE shared.plans`. */
  readonly text: string;
}

function findNeeds(wanted: Catalog, ignore: NonNullable<Project['ignore']>): IgnoredNeed[] {
  const own = withoutIgnored(wanted, ignore);
  const needs = [...own.facts.values()].flatMap((fact) =>
    [...(wanted.needs.get(fact.id)?.keys() ?? [])].flatMap((id) => {
      const needed = own.facts.has(id) ? undefined : wanted.facts.get(id);
      if (needed === undefined) return [];
      const root = getRoot(wanted, needed);
      const [schema = '', ...inside] = root.path;
      if (inside.length === 0 || !isIgnoredSchema(ignore, schema)) return [];
      return [{ schema, text: `${nameOf(fact)} needs ${nameOf(root)}` }];
    }),
  );
  return [...new Map(needs.map((one) => [one.text, one])).values()];
}
