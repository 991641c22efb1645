// The verdict on a migration script: can it run again without harm, and the reasons.
import type { ScriptFacts, ScriptWrite } from './script-facts.ts';

/** The result for a script. `unknown`: pgmage found no SQL in it. */
export type ScriptVerdict = 'reusable' | 'with changes' | 'not reusable' | 'no data' | 'unknown';

/** A verdict with its reasons. */
export interface JudgedScript {
  readonly verdict: ScriptVerdict;
  readonly reasons: readonly string[];
}

/** A file that a script reads and that does not exist. */
export interface MissingFile {
  readonly file: string;
  readonly line: number;
}

/** Judges a script by its facts. */
export function judgeScript(facts: ScriptFacts, missing: readonly MissingFile[]): JudgedScript {
  const { writes, mappings, randomIds, unparsed } = facts;
  const isMapped = mappings.length > 0 || facts.derivedIds.length > 0;
  const at = (line: number) => `line ${line}`;
  const writesData = writes.length > 0;
  const blocking = [
    ...missing.map(({ file, line }) => `${at(line)} reads ${file}, which does not exist`),
    ...writes
      .filter(({ how }) => how === 'truncate cascade')
      .map(
        ({ table, line }) => `${at(line)} truncates ${table} with CASCADE, and every table that refers to it`,
      ),
    ...(writesData && !isMapped
      ? randomIds.map(({ what, line }) => `${at(line)} makes new ids by ${what}, and no mapping keeps them`)
      : []),
  ];
  const guards = writes.flatMap((write) => reasonsFor(write));
  const open = unparsed.map(({ text, line }) => `${at(line)} has SQL that pgmage cannot parse: ${text}`);
  if (blocking.length > 0) return { verdict: 'not reusable', reasons: [...blocking, ...guards, ...open] };
  if (guards.length > 0 || (writesData && open.length > 0))
    return { verdict: 'with changes', reasons: [...guards, ...open] };
  if (open.length > 0) return { verdict: 'unknown', reasons: open };
  if (facts.statements === 0) return { verdict: 'unknown', reasons: ['it contains no SQL text'] };
  if (!writesData) return { verdict: 'no data', reasons: ['it writes no rows'] };
  return { verdict: 'reusable', reasons: ['every statement that writes can run again'] };
}

const guards: Readonly<Partial<Record<ScriptWrite['how'], string>>> = {
  'insert select': 'add ON CONFLICT or NOT EXISTS',
  'insert values': 'add ON CONFLICT or NOT EXISTS',
  copy: 'copy into a temporary table, and insert from it with ON CONFLICT',
  truncate: 'a second run deletes rows that only the target has',
  'delete all': 'a second run deletes rows that only the target has',
};

const doing: Readonly<Record<ScriptWrite['how'], string>> = {
  'insert select': 'inserts into',
  'insert values': 'inserts into',
  update: 'updates',
  delete: 'deletes from',
  'delete all': 'deletes all rows of',
  merge: 'merges into',
  copy: 'copies into',
  truncate: 'truncates',
  'truncate cascade': 'truncates',
};

function reasonsFor({ table, how, line, guard }: ScriptWrite): string[] {
  const missing = guards[how];
  if (missing === undefined || guard !== null) return [];
  const without = how.startsWith('insert') || how === 'copy' ? ' without a guard' : '';
  return [`line ${line} ${doing[how]} ${table}${without}: ${missing}`];
}
