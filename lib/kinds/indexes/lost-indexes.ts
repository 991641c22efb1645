// The effect of a dropped index on queries: those that used it read the whole table, unless another index
// serves them.
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import type { Hazard } from '../../model/step.ts';

interface Keyed {
  /** For an index: `btree (a, b)`. */
  readonly columns?: string;
  /** For a constraint: `UNIQUE (a, b)`, `EXCLUDE USING gist (a WITH &&)`. */
  readonly definition?: string;
  readonly predicate?: string | null;
}

// Method and columns, as an index has them, without the casts that come and go with the types of columns.
function keyOf({ columns, definition = '' }: Keyed): string {
  const using = definition.indexOf('USING ');
  const constraint =
    using < 0 ? `btree ${definition.slice(definition.indexOf('('))}` : definition.slice(using + 6);
  return withoutCasts(columns ?? constraint);
}

const withoutCasts = (sql: string) => sql.replace(/\(\((\w+)\)::[\w .]+\)|\((\w+)\)::[\w .]+/g, '$1$2');

/** The hazard of taking an index, or the constraint that keeps it, off a table that stays. */
export function findIndexLoss(fact: Fact<Keyed>, { after }: Scope): Hazard[] {
  const key = keyOf(fact.payload);
  const serves = ({ columns, definition, predicate = null }: Keyed) => {
    if (columns === undefined && !/^(PRIMARY KEY|UNIQUE|EXCLUDE)\b/.test(definition ?? '')) return false;
    const other = keyOf({
      ...(columns !== undefined && { columns }),
      ...(definition !== undefined && { definition }),
    });
    // A longer one serves as well: `(a, b)` has all of `(a)`.
    const covers = other === key || other.startsWith(`${key.replace(/\)$/, '')}, `);
    const own = fact.payload.predicate ?? null;
    return covers && (predicate === null || (own !== null && withoutCasts(predicate) === withoutCasts(own)));
  };
  const left = [...after.facts.values()].some(
    ({ parent, payload }) => parent === fact.parent && serves(payload as Keyed),
  );
  return left ? [] : ['slows_queries'];
}
