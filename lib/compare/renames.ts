// Decides which dropped and added objects are one renamed object: only those that the user confirms.
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { stripPublic } from '../model/fact-name.ts';
import { qualify } from '../model/quote.ts';
import { listStatements, splitCombined } from '../model/step.ts';
import { splitIntoSegments } from '../plan/plan.ts';
import { findPossibleRenames, followsOthers, isAlike, planRenames, type Rename } from '../plan/renames.ts';
import { Problem } from '../problem/problem.ts';
import type { Workspace } from '../project/workspace.ts';
import type { ObjectChange } from './changes.ts';
import { type Comparison, compareCatalogs } from './compare.ts';
import {
  hasName,
  matchesRequest,
  type RenameRequest,
  type RenameSources,
  readRenameRequests,
  suggestNames,
} from './rename-requests.ts';

/** A question about something that is gone, while others came that look like it. */
export interface RenameQuestion {
  /** The dropped object, e.g. `COLUMN users.name`. */
  readonly gone: string;
  /** The names that it could have now. */
  readonly names: readonly string[];
}

/** The sources of confirmed renames. */
export interface RenameOptions extends RenameSources {
  /** The role that runs the migrations; default: that of the default environment. */
  readonly role?: string | null;
  /** Returns the index of the new name, or null for none; left out without a terminal. */
  readonly choose?: ((question: RenameQuestion) => Promise<number | null>) | undefined;
}

/** How renames are known, and how one is done. */
export interface RenameSearch extends RenameOptions {
  /** The first catalog after statements that rename. */
  move(statements: readonly string[]): Promise<Catalog>;
  /**
   * The reason why a rename is too late whose old name the first catalog lacks, and whose new name both
   * have; null: it was done. Left out: it was done.
   */
  explain?(request: RenameRequest): Promise<string | null>;
}

/** One rename in a report. */
export interface RenameReport {
  /** The old name, e.g. `COLUMN users.name`. */
  readonly text: string;
  /** Its name since then. */
  readonly to: string;
  /** The value for `--rename`. */
  readonly option: string;
}

/** Two compared catalogs, with confirmed renames applied. */
export interface RenamedComparison {
  /** With the renames in front of its way up and at the end of its way down. */
  readonly comparison: Comparison;
  readonly renames: readonly Rename[];
  /** The first catalog with the renames done, as it was read. */
  readonly moved: Catalog;
  /** Possible renames that are not confirmed. */
  readonly possible: readonly Rename[];
}

/**
 * Compares two catalogs.
 * @throws Problem `bad_option` for what was given and cannot be meant
 */
export async function compareWithRenames(
  workspace: Workspace,
  first: Catalog,
  second: Catalog,
  renaming: RenameSearch,
): Promise<RenamedComparison> {
  const requests = readRenameRequests(renaming);
  const renames: Rename[] = [];
  const declined = new Set<string>();
  for (let catalog = first; ; ) {
    const comparison = await compareCatalogs(workspace, catalog, second, renaming.role);
    const open = findPossibleRenames(comparison, kinds);
    const meant = open.filter(
      (one) =>
        requests.some((request) => matchesRequest(one, request, renames)) ||
        followsOthers(one, renames, comparison, kinds),
    );
    const alike = meant.length > 0 ? [] : worthAsking(open, comparison);
    const answered = meant.length > 0 ? meant : await ask(alike, renaming, declined);
    const chosen = oneToOne(answered, requests);
    if (chosen.length === 0) {
      refuseUnknown(requests, renames, comparison);
      await refuseLate(requests, renames, renaming);
      const possible = alike.filter((one) => !declined.has(oldKey(one)));
      return { comparison: withRenames(comparison, renames), renames, moved: catalog, possible };
    }
    renames.push(...chosen);
    catalog = await renaming.move(renames.flatMap(({ up }) => listStatements(up).map(({ sql }) => sql)));
  }
}

/** Makes the report of a rename. */
export function reportRename({ text, from, to }: Rename): RenameReport {
  const name = to.at(-1) as string;
  const path = from[0] === 'public' && from.length > 1 ? from.slice(1) : from;
  return { text: stripPublic(text), to: name, option: `${qualify(path)}=${qualify([name])}` };
}

// Only where dropping the one and making the other costs something.
function worthAsking(open: readonly Rename[], comparison: Comparison): Rename[] {
  const alike = open.filter((one) => isAlike(one, comparison));
  if (alike.length === 0) return [];
  const costly = new Set(
    splitCombined(comparison.up).flatMap(({ fact, hazards }) => (hazards.length > 0 ? [fact] : [])),
  );
  return alike.filter((one) => one.old === null || costly.has(one.old.id) || costly.has(one.fact));
}

async function ask(
  alike: readonly Rename[],
  { choose }: RenameOptions,
  declined: Set<string>,
): Promise<Rename[]> {
  const chosen: Rename[] = [];
  if (choose === undefined) return chosen;
  for (const key of new Set(alike.map(oldKey))) {
    const taken = new Set(chosen.map(newKey));
    const own = alike.filter((one) => oldKey(one) === key && !taken.has(newKey(one)));
    const [first] = own;
    if (first === undefined || declined.has(key)) continue;
    const names = own.map(({ to }) => to.at(-1) as string);
    const answer = await choose({ gone: stripPublic(first.text), names });
    if (answer === null) declined.add(key);
    else chosen.push(own[answer] as Rename);
  }
  return chosen;
}

const oldKey = ({ kind, from, old }: Rename) => `${kind}\n${qualify(from)}${old?.signature ?? ''}`;
const newKey = ({ kind, to, new: now }: Rename) => `${kind}\n${qualify(to)}${now?.signature ?? ''}`;

// Each old object has one successor. A rename that only follows others gives way to a requested one.
function oneToOne(renames: readonly Rename[], requests: readonly RenameRequest[]): Rename[] {
  const asked = (one: Rename) => Number(requests.some((request) => matchesRequest(one, request, [])));
  const taken = new Set<string>();
  return [...renames]
    .sort((a, b) => asked(b) - asked(a))
    .filter((one) => {
      const keys = [`from ${oldKey(one)}`, `to ${newKey(one)}`];
      if (keys.some((key) => taken.has(key))) return false;
      for (const key of keys) taken.add(key);
      return true;
    });
}

// A comment about an earlier rename may stay in the file; a given option must match an object.
function refuseUnknown(
  requests: readonly RenameRequest[],
  renames: readonly Rename[],
  { before, after }: Comparison,
): void {
  for (const request of requests) {
    const own = renames.filter((one) => matchesRequest(one, request, renames));
    const bad = (reason: string) => new Problem('bad_option', { option: request.said, reason });
    const objects = new Set(own.map(({ kind, from }) => `${kind}:${qualify(from)}`));
    if (objects.size > 1)
      throw bad(`it matches ${[...objects].join(' or ')}: add the schema, or the kind before the name`);
    if (own.length > 0 || request.lasting) continue;
    const [old, now] = [hasName(before, request.from), hasName(after, request.to)];
    if (!old && !now) throw bad('no object has the old or the new name');
    if (old && !now) {
      const near = suggestNames(after, request.to, request.from);
      const asked =
        near.length > 0 ? `. Did you mean ${near.map((name) => qualify([name])).join(' or ')}?` : '';
      throw bad(`the wanted schema has no object with the new name${asked}`);
    }
    if (old && hasName(after, request.from)) throw bad('the wanted schema still has the old name');
    if (old) throw bad('the object with the new name has another kind, or existed before');
  }
}

// A given option is not accepted in silence if the opposite was done.
async function refuseLate(
  requests: readonly RenameRequest[],
  renames: readonly Rename[],
  { explain = async () => null }: RenameSearch,
): Promise<void> {
  for (const request of requests) {
    if (request.lasting || renames.some((one) => matchesRequest(one, request, renames))) continue;
    const reason = await explain(request);
    if (reason !== null) throw new Problem('bad_option', { option: request.said, reason });
  }
}

// The renames in front, and at the end of the way back.
function withRenames(comparison: Comparison, renames: readonly Rename[]): Comparison {
  if (renames.length === 0) return comparison;
  const told = renames.map(
    (one): ObjectChange => ({
      standing: 'different',
      kind: one.kind,
      facts: [one.fact],
      text: `${stripPublic(one.text)}: name ${one.from.at(-1)} → ${one.to.at(-1)}`,
      part: null,
      attributes: [{ name: 'name', from: one.from.at(-1) as string, to: one.to.at(-1) as string }],
    }),
  );
  return {
    ...comparison,
    same: false,
    get up() {
      return splitIntoSegments([...planRenames(renames, 'up'), ...comparison.up]);
    },
    get online() {
      return splitIntoSegments([...planRenames(renames, 'up'), ...comparison.online]);
    },
    get down() {
      return splitIntoSegments([...comparison.down, ...planRenames(renames, 'down')]);
    },
    get changes() {
      return [...told, ...comparison.changes];
    },
  };
}
