// The words in the name of a migration file, from its changes.
import type { ObjectChange } from '../compare/changes.ts';
import type { Comparison } from '../compare/compare.ts';
import { type Step, splitCombined } from '../model/step.ts';
import type { Rename } from '../plan/renames.ts';

const verbs = { missing: 'add', extra: 'drop', different: 'change' } as const;

/**
 * A descriptive name: `add users email and 2 more`, `rename column users.name to full_name`. A change that
 * loses data comes first, so that the name of the file tells it: `drop table old and 12 more`.
 * @param renames the first of the changes
 */
export function nameMigration(
  { changes, up }: Pick<Comparison, 'changes' | 'up'>,
  renames: readonly Rename[],
): string {
  const losing = new Set(
    splitCombined(up)
      .filter(losesData)
      .map(({ fact }) => fact),
  );
  const first = changes.find(({ facts }) => facts.some((id) => losing.has(id))) ?? changes[0];
  if (first === undefined) return 'migration';
  const rename = renames[changes.indexOf(first)];
  const more = changes.length > 1 ? ` and ${changes.length - 1} more` : '';
  return `${rename === undefined ? nameChange(first) : nameRename(rename)}${more}`;
}

const losesData = ({ hazards }: Step) => hazards.includes('deletes_data') || hazards.includes('loses_values');

function nameChange({ facts: [id = ''], text, kind: own, standing }: ObjectChange): string {
  const path = id
    .slice(id.indexOf(':') + 1)
    .replace(/[(@].*$/, '')
    .replace(/^public\./, '');
  // As db:status calls it: TYPE for an enum.
  const word = text.endsWith(` ${path}`) ? text.slice(0, -path.length - 1) : '';
  const kind = /^[A-Z]+( [A-Z]+)*$/.test(word) ? word.toLowerCase() : own;
  return `${verbs[standing]} ${kind} ${path}`;
}

function nameRename({ text, from, to, kind: own }: Rename): string {
  const kind = /^[A-Z]+( [A-Z]+)*(?= )/.exec(text)?.[0].toLowerCase() ?? own;
  const path = from.length > 1 && from[0] === 'public' ? from.slice(1) : from;
  return `rename ${kind} ${path.join('.')} to ${to.at(-1)}`;
}
