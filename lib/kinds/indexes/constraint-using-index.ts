// A unique index that is built while others go on writing, and then becomes the index of a constraint.
import type { Fact, PartPath } from '../../model/fact.ts';
import type { OnlineRules, Scope } from '../../model/kind.ts';
import { quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { buildDeferral, quoteName, quoteTable } from '../constraints/constraints.ts';
import { checkDuplicates } from '../tables/row-checks.ts';
import { formatOptions } from '../tables/storage-options.ts';
import { makePlaceholderName } from './index-commands.ts';

interface Promoted {
  readonly definition: string;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly options: readonly string[];
  readonly tablespace: string | null;
  readonly partitioned: boolean;
}

const list = String.raw`\((?:[^"()]|"(?:[^"]|"")*")*\)`;
const words = new RegExp(`^(PRIMARY KEY|UNIQUE)( NULLS NOT DISTINCT)? (${list})(?: INCLUDE (${list}))?$`);

/** True if a plain unique index can enforce a constraint. */
export function isPromotable(definition: string): boolean {
  return words.test(definition) && !definition.includes(' WITHOUT OVERLAPS)');
}

function promoted(fact: Fact<Promoted, PartPath>, name: string, action: string, scope: Scope): Statement[] {
  const { definition, options, tablespace } = fact.payload;
  const [, type, distinct = '', columns = '', included] = words.exec(definition) ?? [];
  const parts = [
    `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${quoteTable(fact)} ${columns}`,
    included !== undefined && `INCLUDE ${included}`,
    distinct.trim(),
    options.length > 0 && formatOptions(options),
    tablespace !== null && `TABLESPACE ${quote(tablespace)}`,
  ];
  return [
    {
      sql: parts.filter(Boolean).join(' '),
      hazards: ['may_fail_on_existing_rows'],
      checks: checkDuplicates(fact, definition, scope),
      lock: 'SHARE UPDATE EXCLUSIVE',
    },
    {
      sql:
        `ALTER TABLE ${quoteTable(fact)} ${action} ${type} USING INDEX` +
        ` ${name}${buildDeferral(fact.payload)}`,
      lock: 'ACCESS EXCLUSIVE',
    },
  ];
}

/**
 * ADD CONSTRAINT … USING INDEX (manual: ALTER TABLE). A partitioned table has nothing that could be built.
 * @param add how it is added plainly
 */
export function promoteIndex<P extends Promoted>(
  add: (fact: Fact<P, PartPath>, scope: Scope) => Statement,
): OnlineRules<P, PartPath> {
  return {
    create: (fact, scope) => {
      if (!isPromotable(fact.payload.definition)) return null;
      const name = quoteName(fact);
      return fact.payload.partitioned
        ? { ...add(fact, scope), hazards: [] }
        : promoted(fact, name, `ADD CONSTRAINT ${name}`, scope);
    },
    replace: (from, to, scope) => {
      if (from.payload.partitioned || to.payload.partitioned || !isPromotable(to.payload.definition))
        return null;
      // The index takes the constraint's name.
      const name = quoteName(to);
      const built = quote(makePlaceholderName(to.path[2]));
      return promoted(to, built, `DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name}`, scope);
    },
  };
}
