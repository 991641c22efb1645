// Enum types. Labels can be added anywhere in place; taking one away or moving it needs another type.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { makeRename } from '../schemas/renaming.ts';
import { makeAside } from '../tables/set-aside.ts';

interface Enum {
  readonly labels: readonly string[];
}

// A new label may only be used after a commit (manual: ALTER TYPE). A renamed one looks like one removed and
// one added.
function add(from: Fact<Enum>, to: Fact<Enum>): Statement[] | 'replace' {
  const old = from.payload.labels;
  const { labels } = to.payload;
  const kept = labels.filter((label) => old.includes(label));
  if (kept.length !== old.length || kept.some((label, index) => label !== old[index])) return 'replace';
  return labels.flatMap((label, index) => {
    if (old.includes(label)) return [];
    const followed = labels.slice(index + 1).find((next) => old.includes(next));
    const before = labels[index - 1];
    const place =
      followed === undefined
        ? ''
        : before === undefined
          ? ` BEFORE ${literal(followed)}`
          : ` AFTER ${literal(before)}`;
    return [
      { sql: `ALTER TYPE ${qualify(to.path)} ADD VALUE ${literal(label)}${place}`, transactional: false },
    ];
  });
}

/** CREATE TYPE … AS ENUM (manual: catalogs pg_type, pg_enum). */
export const enumType: Kind<Enum> = {
  name: 'enum type',
  words: { labels: 'plain' },
  reference: (fact) => `TYPE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_type', `typtype = 'e'`),
  introspect: () => `
    select array['pg_type:' || t.oid || ':0'] as addresses, array[n.nspname, t.typname] as path,
      array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid
      order by e.enumsortorder) as labels
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype = 'e' and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create: ({ path, payload }) =>
    `CREATE TYPE ${qualify(path)} AS ENUM (${payload.labels.map(literal).join(', ')})`,
  rename: makeRename('TYPE'),
  drop: (fact) => `DROP TYPE ${qualify(fact.path)}`,
  alter: { labels: add },
  renameIn: {
    labels: ({ path }, from, to) => ({
      sql: `ALTER TYPE ${qualify(path)} RENAME VALUE ${literal(from)} TO ${literal(to)}`,
      hazards: ['breaks_clients'],
    }),
  },
  order: {
    aside: makeAside('TYPE'),
    slots: (fact) => [`type ${qualify(fact.path)}`],
  },
};
